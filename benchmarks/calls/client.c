/* client HOST PORT CALLS WARM_S SECONDS [GATHER_MS]: what it costs without an interpreter. Holds calls against the
   echo server: a wheel of 1 ms slots, one Twilio frame per call and 20 ms, one epoll set. What arrives is read as
   soon as epoll tells of it; with GATHER_MS the wheel has slots of that length, and reads once a slot.
   Prints {"pairs": ..., "sent": ..., "cpu_us": ...}. */
#define _GNU_SOURCE
#include "ws.h"

enum { ROUND_MS = 20, MOST = 8192 };

static int line[MOST], calls, step_ms = 1, eager = 1;
static unsigned long sequence[MOST], sent, received;
static Inbox *inbox[MOST];
static char payload64[217];

static int dial(const char *host, const char *port) {
    struct sockaddr_in at = address(host, port);
    char answer[1024], request[256];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || fd >= MOST || connect(fd, (struct sockaddr *)&at, sizeof at)) die("connect");
    int n = snprintf(request, sizeof request,
                     "GET / HTTP/1.1\r\nHost: %s:%s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", host, port);
    if (write(fd, request, (size_t)n) != n) die("handshake");
    ssize_t got = read(fd, answer, sizeof answer - 1);
    answer[got > 0 ? got : 0] = 0;
    if (!strstr(answer, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")) die("not our handshake");
    make_quick(fd);
    return fd;
}

static void speak(int call) {
    char text[512];
    unsigned char out[544];
    unsigned long number = ++sequence[call];
    int n = snprintf(text, sizeof text,
                     "{\"event\":\"media\",\"sequenceNumber\":\"%lu\",\"media\":{\"track\":\"inbound\",\"chunk\":\"%lu\","
                     "\"timestamp\":\"%lu\",\"payload\":\"%s\"},\"streamSid\":\"MZ%032d\"}",
                     number + 1, number, number * 20, payload64, call);
    int head = put_head(out, 1, n, 0x80);
    memcpy(out + head, text, (size_t)n);
    if (write(line[call], out, (size_t)(head + n)) != head + n) die("write");
    sent++;
}

static void hear(int fd) {
    Inbox *in = inbox[fd];
    ssize_t n = read(fd, in->bytes + in->used, (size_t)(BUFFER - in->used));
    if (n <= 0) die("read");
    in->used += (int)n;
    int at = 0, payload, length;
    while ((length = frame(in->bytes + at, in->used - at, &payload)) > 0) {
        if (memcmp(in->bytes + at + payload, "{\"event\":\"media\"", 16) == 0) received++;
        at += length;
    }
    in->used -= at;
    memmove(in->bytes, in->bytes + at, (size_t)in->used);
}

static void drain(int set, int wait_ms) {
    struct epoll_event events[1024];
    int n = epoll_wait(set, events, 1024, wait_ms);
    for (int i = 0; i < n; i++) hear(events[i].data.fd);
}

static void rest(int set, long long until_ns) {
    long long wait_ns;
    while (eager && (wait_ns = until_ns - now_ns()) > 0) drain(set, (int)((wait_ns + 999999) / 1000000));
    if ((wait_ns = until_ns - now_ns()) > 0) {
        struct timespec pause = {0, wait_ns};
        nanosleep(&pause, NULL);
    }
}

static void turn(int set, double seconds) {
    long long due_ms = now_ns() / 1000000 / ROUND_MS * ROUND_MS, until_ms = due_ms + (long long)(seconds * 1000);
    for (; due_ms < until_ms; due_ms += step_ms) {
        rest(set, due_ms * 1000000);
        drain(set, 0);
        for (int call = (int)(due_ms % ROUND_MS) / step_ms; call < calls; call += ROUND_MS / step_ms) speak(call);
    }
}

static double cpu_us(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

int main(int argc, char **argv) {
    if (argc < 6 || argc > 7) return 2;
    if (argc == 7) eager = 0, step_ms = atoi(argv[6]);
    die_with_parent();
    calls = atoi(argv[3]);
    int set = epoll_create1(0);
    memset(payload64, '/', sizeof payload64 - 1);
    for (int call = 0; call < calls; call++) {
        int fd = line[call] = dial(argv[1], argv[2]);
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        inbox[fd] = calloc(1, sizeof(Inbox));
        epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
    }
    turn(set, atof(argv[4]));
    unsigned long sent_before = sent, received_before = received;
    double cpu_before = cpu_us();
    turn(set, atof(argv[5]));
    double cpu = cpu_us() - cpu_before;
    printf("{\"pairs\": %lu, \"sent\": %lu, \"cpu_us\": %.0f}\n", received - received_before, sent - sent_before, cpu);
    return 0;
}

/* What the WebSocket server and client of the benchmark share. Frames here are shorter than 64 KiB. */
#ifndef WS_H
#define WS_H
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BUFFER 65536

typedef struct { int used; unsigned char bytes[BUFFER]; } Inbox;

static void die(const char *what) { perror(what); exit(1); }

static struct sockaddr_in address(const char *host, const char *port) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    if (inet_pton(AF_INET, host, &at.sin_addr) != 1) die("address");
    return at;
}

static int opened(const char *host, const char *port) {
    struct sockaddr_in at = address(host, port);
    int door = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(door, (struct sockaddr *)&at, sizeof at) || listen(door, 4096)) die("listen");
    return door;
}

static long long now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* Die with whoever started us; a parent that is gone already is noticed too. */
static void die_with_parent(void) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() == 1) die("parent");
}

static void make_quick(int fd) {
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(fd, F_SETFL, O_NONBLOCK);
}

/* Length of the whole frame at `b` and where its payload begins; 0 while it is not all there. */
static int frame(const unsigned char *b, int have, int *payload) {
    if (have < 2) return 0;
    int length = b[1] & 0x7f, at = 2;
    if (length == 127) { errno = EPROTO; die("frame"); }
    if (length == 126) {
        if (have < 4) return 0;
        length = b[2] << 8 | b[3], at = 4;
    }
    if (b[1] & 0x80) at += 4;
    *payload = at;
    return at + length <= have ? at + length : 0;
}

static int put_head(unsigned char *b, int opcode, int length, int mask) {
    int at = 2;
    b[0] = (unsigned char)(0x80 | opcode);
    if (length < 126) b[1] = (unsigned char)(mask | length);
    else b[1] = (unsigned char)(mask | 126), b[2] = (unsigned char)(length >> 8), b[3] = (unsigned char)length, at = 4;
    if (mask) memset(b + at, 0, 4), at += 4;
    return at;
}
#endif

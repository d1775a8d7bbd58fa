/* echo HOST PORT: a WebSocket server that sends every message back; one process, one epoll set. */
#define _GNU_SOURCE
#include "hash.h"

#define MOST 8192

static Inbox *inbox[MOST];
static char shaken[MOST];

static int shake(int fd, Inbox *in) {
    in->bytes[in->used] = 0;
    int length = shaken_hands(fd, (char *)in->bytes);
    if (length <= 0) return !length;
    in->used -= length;
    memmove(in->bytes, in->bytes + length, (size_t)in->used);
    return shaken[fd] = 1;
}

/* Whole frames go back unmasked, all in one write; 0 when the caller is gone, closes or does not read. */
static int echo(int fd, Inbox *in) {
    static unsigned char out[BUFFER + 16];
    int at = 0, filled = 0, payload, length;
    while ((length = frame(in->bytes + at, in->used - at, &payload)) > 0) {
        unsigned char *b = in->bytes + at, *key = b + payload - 4;
        int size = length - payload;
        if ((b[0] & 0x0f) == 8) return 0;
        filled += put_head(out + filled, b[0] & 0x0f, size, 0);
        if (key[0] | key[1] | key[2] | key[3])
            for (int i = 0; i < size; i++) b[payload + i] ^= key[i & 3];
        memcpy(out + filled, b + payload, (size_t)size);
        filled += size, at += length;
    }
    in->used -= at;
    memmove(in->bytes, in->bytes + at, (size_t)in->used);
    return !filled || write(fd, out, (size_t)filled) == filled;
}

static int serve(int fd) {
    Inbox *in = inbox[fd];
    ssize_t n = read(fd, in->bytes + in->used, (size_t)(BUFFER - 1 - in->used));
    if (n <= 0) return n < 0 && errno == EAGAIN;
    in->used += (int)n;
    return shaken[fd] ? echo(fd, in) : shake(fd, in);
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    die_with_parent();
    signal(SIGPIPE, SIG_IGN);
    int door = opened(argv[1], argv[2]), set = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = door}, events[512];
    epoll_ctl(set, EPOLL_CTL_ADD, door, &event);
    for (;;) {
        int n = epoll_wait(set, events, 512, -1);
        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;
            if (fd == door) {
                if ((fd = accept(door, NULL, NULL)) < 0) continue;
                if (fd >= MOST || !(inbox[fd] = calloc(1, sizeof(Inbox)))) { close(fd); continue; }
                make_quick(fd);
                shaken[fd] = 0, event.data.fd = fd;
                epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
            } else if (!serve(fd)) {
                free(inbox[fd]);
                close(fd);
            }
        }
    }
}

/* echo HOST PORT: a WebSocket server that sends every message back; one process, one epoll set. */
#define _GNU_SOURCE
#include "ws.h"

#define MOST 8192

static Inbox *inbox[MOST];
static char shaken[MOST];

static uint32_t turned(uint32_t x, int n) { return x << n | x >> (32 - n); }

/* SHA-1 of a text shorter than 119 bytes: that is all a handshake needs. */
static void sha1(const char *text, unsigned char out[20]) {
    uint32_t h[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    unsigned char m[128] = {0};
    size_t length = strlen(text), blocks = length < 56 ? 1 : 2;
    memcpy(m, text, length);
    m[length] = 0x80;
    m[blocks * 64 - 2] = (unsigned char)(length * 8 >> 8), m[blocks * 64 - 1] = (unsigned char)(length * 8);
    for (size_t block = 0; block < blocks; block++) {
        uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
        for (int i = 0; i < 16; i++) {
            const unsigned char *p = m + block * 64 + i * 4;
            w[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
        }
        for (int i = 16; i < 80; i++) w[i] = turned(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
        for (int i = 0; i < 80; i++) {
            uint32_t f = i < 20 ? (b & c) | (~b & d) : i < 40 || i >= 60 ? b ^ c ^ d : (b & c) | (b & d) | (c & d);
            uint32_t k = i < 20 ? 0x5A827999 : i < 40 ? 0x6ED9EBA1 : i < 60 ? 0x8F1BBCDC : 0xCA62C1D6;
            uint32_t next = turned(a, 5) + f + e + k + w[i];
            e = d, d = c, c = turned(b, 30), b = a, a = next;
        }
        h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
    }
    for (int i = 0; i < 20; i++) out[i] = (unsigned char)(h[i / 4] >> (24 - i % 4 * 8));
}

static void base64(const unsigned char *in, char *out) { /* of 20 bytes */
    const char *set = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (int i = 0; i < 20; i += 3) {
        uint32_t v = (uint32_t)in[i] << 16 | (uint32_t)in[i + 1] << 8 | (i + 2 < 20 ? in[i + 2] : 0);
        for (int j = 0; j < 4; j++) *out++ = set[v >> (18 - 6 * j) & 63];
    }
    out[-1] = '=', *out = 0;
}

static int shake(int fd, Inbox *in) {
    in->bytes[in->used] = 0;
    char *end = strstr((char *)in->bytes, "\r\n\r\n"), *key = strcasestr((char *)in->bytes, "sec-websocket-key:");
    if (!end || !key) return 1;
    char text[96], accept[32], answer[256];
    unsigned char hash[21] = {0};
    snprintf(text, sizeof text, "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key + 19);
    sha1(text, hash);
    base64(hash, accept);
    int n = snprintf(answer, sizeof answer,
                     "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Accept: %s\r\n\r\n", accept);
    in->used -= (int)(end + 4 - (char *)in->bytes);
    memmove(in->bytes, end + 4, (size_t)in->used);
    shaken[fd] = 1;
    return write(fd, answer, (size_t)n) == n;
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
    struct sockaddr_in at = address(argv[1], argv[2]);
    int door = socket(AF_INET, SOCK_STREAM, 0), on = 1, set = epoll_create1(0);
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(door, (struct sockaddr *)&at, sizeof at) || listen(door, 4096)) die("listen");
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

/* The two hashes that a reference server needs, both of texts shorter than 119 bytes, and the handshake's answer. */
#ifndef HASH_H
#define HASH_H
#include "ws.h"

static uint32_t turned(uint32_t x, int n) { return x << n | x >> (32 - n); }

/* The text as whole blocks of 64 bytes, its length in bits at the end; how many blocks. */
static int padded(const char *text, unsigned char m[128]) {
    size_t length = strlen(text), blocks = length < 56 ? 1 : 2;
    memset(m, 0, 128);
    memcpy(m, text, length);
    m[length] = 0x80;
    m[blocks * 64 - 2] = (unsigned char)(length * 8 >> 8), m[blocks * 64 - 1] = (unsigned char)(length * 8);
    return (int)blocks;
}

static uint32_t word(const unsigned char *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void sha1(const char *text, unsigned char out[20]) {
    uint32_t h[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    unsigned char m[128];
    int blocks = padded(text, m);
    for (int block = 0; block < blocks; block++) {
        uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
        for (int i = 0; i < 16; i++) w[i] = word(m + block * 64 + i * 4);
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

static const uint32_t K256[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/* Eight words; a turn's digest is the first two of them. */
static void sha256(const char *text, uint32_t h[8]) {
    static const uint32_t first[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    unsigned char m[128];
    int blocks = padded(text, m);
    memcpy(h, first, sizeof first);
    for (int block = 0; block < blocks; block++) {
        uint32_t w[64], s[8];
        for (int i = 0; i < 16; i++) w[i] = word(m + block * 64 + i * 4);
        for (int i = 16; i < 64; i++)
            w[i] = w[i - 16] + w[i - 7] + (turned(w[i - 15], 25) ^ turned(w[i - 15], 14) ^ w[i - 15] >> 3) +
                   (turned(w[i - 2], 15) ^ turned(w[i - 2], 13) ^ w[i - 2] >> 10);
        memcpy(s, h, sizeof s);
        for (int i = 0; i < 64; i++) {
            uint32_t t = s[7] + (turned(s[4], 26) ^ turned(s[4], 21) ^ turned(s[4], 7)) +
                         ((s[4] & s[5]) ^ (~s[4] & s[6])) + K256[i] + w[i];
            uint32_t u = (turned(s[0], 30) ^ turned(s[0], 19) ^ turned(s[0], 10)) +
                         ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
            memmove(s + 1, s, 7 * sizeof *s);
            s[4] += t, s[0] = t + u;
        }
        for (int i = 0; i < 8; i++) h[i] += s[i];
    }
}

static void base64(const unsigned char *in, char *out) { /* of 20 bytes */
    const char *set = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (int i = 0; i < 20; i += 3) {
        uint32_t v = (uint32_t)in[i] << 16 | (uint32_t)in[i + 1] << 8 | (i + 2 < 20 ? in[i + 2] : 0);
        for (int j = 0; j < 4; j++) *out++ = set[v >> (18 - 6 * j) & 63];
    }
    out[-1] = '=', *out = 0;
}

/* Bytes of a request that is all there, after it was answered; 0 while it is not, -1 when it cannot be. */
static int shaken_hands(int fd, const char *request) {
    const char *end = strstr(request, "\r\n\r\n"), *key = strcasestr(request, "sec-websocket-key:");
    if (!end || !key) return 0;
    char text[96], accept[32], answer[256];
    unsigned char hash[21] = {0};
    snprintf(text, sizeof text, "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key + 19);
    sha1(text, hash);
    base64(hash, accept);
    int n = snprintf(answer, sizeof answer,
                     "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Accept: %s\r\n\r\n", accept);
    return write(fd, answer, (size_t)n) == n ? (int)(end + 4 - request) : -1;
}
#endif

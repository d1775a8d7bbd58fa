/* agent ANSWER_MS VOICE_MS CHAT LOOKUP NOTE HOST PORT: the reference agent; the three are 20 ms of each voice, base64.
   It keeps no clock of its callers. Their frames carry their own time, and an answer is due ANSWER_MS of that after
   the last word; so one that stood still answers everything overdue as soon as it runs again. Fifteen seconds of 300
   calls are 80 MB by then, and to get through them costs 0.1 s and more: so all calls are read a PIECE at a time, in
   turns, and whoever has waited longest is answered first. What it prints is its own account of when it answered, and
   of when its calls began and ended: lines of JSON, as benchmarks/truth.py reads them.
   It looks at each call once in LOOK_MS and never waits for a socket: nobody who sends has to wake it. An answer is
   VOICE_MS of voice at the pace of speech, and with the last 100 ms the mark that says the turn is saved. */
#define _GNU_SOURCE
#include "hash.h"

#define MS 1000000LL
enum { MOST = 8192, SLICES = 10, LOOK_MS = 20, PART_MS = 100, KEPT = 2048, PIECE = 1 << 14 };
enum { ASKS = 3, PAYLOAD = 24, FRAME_MS = 20 }; /* so much of a payload tells a voice */

typedef struct {
    int fd, slice, begun, turn, asked, due_ms, heard_ms, left, kept;
    long long up_ns, eos_ns, speaks_ns;
    char call[64], stream[64], who[80];
    unsigned char part[KEPT]; /* of the frame that a read cut in two */
} Peer;

static const char *INTENT[ASKS] = {"chat", "lookup", "note"};
static const char *voices[ASKS];
static Peer *peers[MOST];
static int calls, made, answer_ms, parts, behind;
static unsigned char heard[KEPT + PIECE + 1];

static int said(char *out, const char *text) {
    int length = (int)strlen(text), head = put_head((unsigned char *)out, 1, length, 0);
    memcpy(out + head, text, (size_t)length);
    return head + length;
}

/* 100 ms of voice, and with a mark's name that mark after it; 0 when the caller does not take it. */
static int speak(Peer *p, const char *mark) {
    char out[4096], text[512];
    int n = 0;
    snprintf(text, sizeof text, "{\"event\":\"media\",\"streamSid\":\"%s\",\"media\":{\"payload\":\"%s\"}}", p->stream, voices[0]);
    for (int i = 0; i < PART_MS / FRAME_MS; i++) n += said(out + n, text);
    snprintf(text, sizeof text, "{\"event\":\"mark\",\"mark\":{\"name\":\"%s\"}}", mark);
    if (*mark) n += said(out + n, text);
    return write(p->fd, out, (size_t)n) == n;
}

static int answer(Peer *p) {
    char mark[256] = "", text[96];
    uint32_t digest[8];
    if (p->left == parts) printf("{\"t_ns_eos\": %lld, \"t_ns_audio\": %lld}\n", p->eos_ns, now_ns());
    p->speaks_ns = now_ns() + PART_MS * MS;
    if (--p->left == 0) {
        snprintf(text, sizeof text, "%s|%d|%s", p->call, p->turn, INTENT[p->asked]);
        sha256(text, digest);
        snprintf(mark, sizeof mark, "turn:%d:full:t-%.12s-%d:%s:%08x%08x", p->turn, p->call + 2, p->turn, p->who,
                 digest[0], digest[1]);
    }
    return speak(p, mark);
}

/* What stands after `name` up to the next quote. */
static void copied(const char *text, const char *name, char *out, size_t most) {
    const char *at = strstr(text, name);
    size_t length = at ? strcspn(at += strlen(name), "\"") : 0;
    snprintf(out, most, "%.*s", (int)length, at ? at : "");
}

static void asks(Peer *p, int intent) {
    if (p->due_ms < 0) p->turn++;
    p->asked = intent, p->due_ms = p->heard_ms + answer_ms;
    p->eos_ns = p->up_ns + (p->heard_ms + FRAME_MS) * MS;
}

static void listen_to(Peer *p, const char *text) {
    const char *stamp = strstr(text, "\"timestamp\":\""), *payload = strstr(text, "\"payload\":\"");
    if (!stamp || !payload) return;
    p->heard_ms = atoi(stamp + 13);
    for (int i = 0; i < ASKS && !p->left; i++)
        if (!memcmp(payload + 11, voices[i], PAYLOAD)) {
            asks(p, i);
            return;
        }
    if (p->due_ms >= 0 && p->heard_ms >= p->due_ms) p->due_ms = -1, p->left = parts, p->speaks_ns = 0;
}

/* One message of the caller's, a text that ends with a zero; 0 when the call is over. */
static int understood(Peer *p, const char *text) {
    if (!strncmp(text, "{\"event\":\"media\"", 16)) listen_to(p, text);
    else if (!strncmp(text, "{\"event\":\"dtmf\"", 15) && !p->left) asks(p, 0);
    else if (!strncmp(text, "{\"event\":\"start\"", 16)) {
        p->up_ns = now_ns();
        copied(text, "\"callSid\":\"", p->call, sizeof p->call);
        copied(text, "\"streamSid\":\"", p->stream, sizeof p->stream);
        copied(text, "\"patient\":\"", p->who, sizeof p->who);
        return speak(p, "greeting");
    } else if (!strncmp(text, "{\"event\":\"stop\"", 15)) {
        return write(p->fd, "\x88\x02\x03\xe8", 4) < 0; /* a farewell, and gone */
    }
    return 1;
}

/* What has come since the last look, then what is to be said; 0 when the call is over. */
static int serve(Peer *p) {
    memcpy(heard, p->part, (size_t)p->kept);
    ssize_t n = read(p->fd, heard + p->kept, PIECE);
    if (n == 0 || (n < 0 && errno != EAGAIN)) return 0;
    int have = p->kept + (n > 0 ? (int)n : 0), at = 0, payload, length;
    unsigned char after;
    behind |= n == PIECE;
    heard[have] = 0;
    if (!p->begun && have) {
        if ((at = shaken_hands(p->fd, (char *)heard)) < 0) return 0;
        p->begun = at > 0;
    }
    while (p->begun && (length = frame(heard + at, have - at, &payload)) > 0) {
        unsigned char *end = heard + at + length;
        after = *end, *end = 0;
        if ((heard[at] & 0x0f) == 8 || ((heard[at] & 0x0f) == 1 && !understood(p, (char *)heard + at + payload))) return 0;
        *end = after, at += length;
    }
    if ((p->kept = have - at) > KEPT) return 0;
    memcpy(p->part, heard + at, (size_t)p->kept);
    return !p->left || now_ns() < p->speaks_ns || answer(p);
}

static void let_in(int door) {
    for (int fd; (fd = accept(door, NULL, NULL)) >= 0;) {
        Peer *p = calls < MOST ? calloc(1, sizeof(Peer)) : NULL;
        if (!p) { close(fd); continue; }
        make_quick(fd);
        p->fd = fd, p->slice = made++ % SLICES, p->due_ms = -1;
        peers[calls++] = p;
    }
}

static void look(int slice) {
    for (int i = 0; i < calls; i++) {
        Peer *p = peers[i];
        if ((p->begun && p->slice != slice) || serve(p)) continue;
        if (p->up_ns) printf("{\"t_ns_up\": %lld, \"t_ns_over\": %lld}\n", p->up_ns, now_ns());
        close(p->fd);
        free(p);
        peers[i--] = peers[--calls];
    }
}

int main(int argc, char **argv) {
    if (argc != 8) return 2;
    die_with_parent();
    signal(SIGPIPE, SIG_IGN);
    answer_ms = atoi(argv[1]), parts = atoi(argv[2]) / PART_MS;
    for (int i = 0; i < ASKS; i++) voices[i] = argv[3 + i];
    int door = opened(argv[6], argv[7]);
    fcntl(door, F_SETFL, O_NONBLOCK);
    long long step_ns = LOOK_MS * MS / SLICES, due_ns = now_ns(), wait_ns;
    for (int turn = 0;; turn = (turn + 1) % SLICES) {
        let_in(door);
        behind = 0;
        look(turn);
        fflush(stdout);
        /* One that was held up goes through all calls at once, again and again until nothing waits to be read. */
        if (behind || due_ns < now_ns() - step_ns * SLICES) due_ns = now_ns() - step_ns * SLICES;
        if ((wait_ns = (due_ns += step_ns) - now_ns()) > 0) nanosleep(&(struct timespec){0, wait_ns}, NULL);
    }
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Prompts. Used by the verbs through tool.c; must never leave the terminal without echo, and never leave a secret in
 * memory of its own. */
#include "ovcertctl/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "common/i18n.h"
#include "ovcertctl/options.h"

#define ATTEMPTS 3
#define LINE_MAX_OCTETS 4096 /* what the kernel takes for one line (termios(3), canonical mode) */

struct Ask {
    int terminal;
    int interrupt; /* borrowed */
};

int ask_open(const char *path, int interrupt, Ask **ret) {
    int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    Ask *ask = isatty(fd) ? calloc(1, sizeof *ask) : NULL;
    if (!ask) {
        int r = isatty(fd) ? -ENOMEM : -ENXIO;
        (void) close(fd); /* nothing was written to it */
        return r;
    }
    *ask = (Ask){.terminal = fd, .interrupt = interrupt};
    *ret = ask;
    return 0;
}

Ask *ask_close(Ask *ask) {
    if (ask) {
        (void) close(ask->terminal); /* a terminal: nothing is buffered here */
        free(ask);
    }
    return NULL;
}

int ask_descriptor(const Ask *ask) {
    return ask->terminal;
}

static int show(const Ask *ask, const char *text) {
    size_t size = strlen(text);
    while (size > 0) {
        ssize_t n = write(ask->terminal, text, size);
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0) {
            text += n;
            size -= (size_t) n;
        }
    }
    return 0;
}

static int wait_for_line(const Ask *ask) {
    struct pollfd watched[] = {{.fd = ask->terminal, .events = POLLIN}, {.fd = ask->interrupt, .events = POLLIN}};
    while (poll(watched, 2, -1) < 0)
        if (errno != EINTR)
            return -errno;
    return watched[1].revents != 0 ? -EINTR : 0;
}

/* One line, without its end, into a buffer of LINE_MAX_OCTETS. */
static int read_line(const Ask *ask, char *buffer, size_t *ret) {
    int r = wait_for_line(ask);
    if (r < 0)
        return r;
    ssize_t n = read(ask->terminal, buffer, LINE_MAX_OCTETS);
    if (n < 0)
        return errno == EIO ? -ECANCELED : -errno; /* hung up */
    if (n == 0)
        return -ECANCELED;
    if (buffer[n - 1] != '\n')
        return n == LINE_MAX_OCTETS ? -EMSGSIZE : -ECANCELED; /* end of file in the middle */
    *ret = (size_t) n - 1;
    return 0;
}

/* Ctrl-Z would leave the terminal to the shell without echo. */
static int hide(const Ask *ask, struct termios *ret_before) {
    if (tcgetattr(ask->terminal, ret_before) < 0)
        return -errno;
    struct termios hidden = *ret_before;
    hidden.c_lflag &= ~(tcflag_t) (ECHO | ECHOE | ECHOK | ECHONL);
    hidden.c_lflag |= ICANON | ISIG;
    hidden.c_cc[VSUSP] = _POSIX_VDISABLE;
    return tcsetattr(ask->terminal, TCSAFLUSH, &hidden) < 0 ? -errno : 0;
}

static int read_secret(const Ask *ask, const char *prompt, Secret **ret) {
    char line[LINE_MAX_OCTETS];
    size_t size = 0;
    int r = show(ask, prompt);
    if (r == 0)
        r = read_line(ask, line, &size);
    if (r == 0)
        r = secret_new(line, size, ret);
    secret_wipe(line, sizeof line);
    return r;
}

int ask_secret(Ask *ask, const char *prompt, Secret **ret) {
    struct termios before;
    int r = hide(ask, &before);
    if (r < 0)
        return r;
    r = read_secret(ask, prompt, ret);
    (void) tcsetattr(ask->terminal, TCSADRAIN, &before); /* the terminal may have gone away */
    (void) show(ask, "\n");                              /* likewise */
    return r;
}

/* Asks until understand() likes the answer, with a NUL at its end. */
static int converse(Ask *ask, const char *prompt, const char *hint, int (*understand)(const char *, void *),
                    void *userdata) {
    char line[LINE_MAX_OCTETS + 1];
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        size_t size = 0;
        int r = show(ask, prompt);
        if (r == 0)
            r = read_line(ask, line, &size);
        if (r < 0) {
            (void) show(ask, "\n"); /* the terminal may have gone away */
            return r;
        }
        line[size] = '\0';
        r = understand(line, userdata);
        if (r >= 0)
            return r;
        r = show(ask, hint);
        if (r < 0)
            return r;
    }
    return -ECANCELED;
}

static int understand_text(const char *line, void *userdata) {
    char **copy = userdata;
    *copy = strdup(line);
    return 0; /* whatever it is; NULL when out of memory */
}

int ask_text(Ask *ask, const char *prompt, char **ret) {
    char *copy = NULL;
    int r = converse(ask, prompt, "", understand_text, &copy);
    if (r < 0)
        return r;
    *ret = copy;
    return copy ? 0 : -ENOMEM;
}

static int understand_yes(const char *line, void *userdata) {
    (void) userdata; /* has nothing to fill */
    return rpmatch(line);
}

int ask_yes(Ask *ask, const char *question) {
    CLEANUP(free_pointer) char *prompt = NULL;
    if (asprintf(&prompt, "%s %s ", question, _("[y/n]")) < 0) {
        prompt = NULL; /* unspecified after a failure */
        return -ENOMEM;
    }
    return converse(ask, prompt, _("Answer with yes or no.\n"), understand_yes, NULL);
}

typedef struct Range {
    size_t max;
    uint64_t chosen;
} Range;

static int understand_number(const char *line, void *userdata) {
    Range *range = userdata;
    return options_number(line, range->max, &range->chosen) < 0 || range->chosen == 0 ? -1 : 0;
}

int ask_number(Ask *ask, const char *prompt, size_t max, size_t *ret) {
    Range range = {.max = max};
    int r = converse(ask, prompt, _("Answer with one of the numbers.\n"), understand_number, &range);
    if (r == 0)
        *ret = (size_t) range.chosen;
    return r;
}

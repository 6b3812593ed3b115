/* SPDX-License-Identifier: BSD-2-Clause */
/* Length-framed messages between a client and the helper ovcert-credential, over a SOCK_STREAM socketpair(2).
 *
 * Frame: u32 length of what follows, u8 type, payload. Payload layouts stand in common/credential.h.
 * Every send and receive has a deadline on CLOCK_MONOTONIC; an over-long or torn frame is an error, never a partial
 * result. */
#pragma once

#include <stdint.h>

#include "common/bytes.h"

#define FRAME_PAYLOAD_MAX (4u * 1024u * 1024u)

/* Now on CLOCK_MONOTONIC, microseconds. */
uint64_t frame_now(void);

/* 0; -ETIMEDOUT at the deadline (microseconds, CLOCK_MONOTONIC); -EPIPE when the peer has closed (no SIGPIPE);
 * -EMSGSIZE; other -errno. */
int frame_send(int fd, uint8_t type, View payload, uint64_t deadline);
/* As above; -EBADMSG for a length of 0; the payload is the caller's (bytes_done), wiped by the caller where it may hold
 * a secret. */
int frame_receive(int fd, uint8_t *ret_type, Bytes *ret_payload, uint64_t deadline);

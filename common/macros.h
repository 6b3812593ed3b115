/* SPDX-License-Identifier: BSD-2-Clause */
/* Small macros for ownership and arrays; no idea of their own, so no .c file. */
#pragma once

#include <stddef.h>
#include <stdlib.h>

/* CLEANUP(fn): runs fn(&variable) when the variable goes out of scope. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* Makes fn##p, a CLEANUP function for a pointer type whose destructor is fn. */
#define DEFINE_CLEANUP(type, fn)                                                                                       \
    static inline void fn##p(type *pointer) {                                                                          \
        if (*pointer)                                                                                                  \
            (void) fn(*pointer); /* destructors return NULL */                                                         \
    }

/* CLEANUP(free_pointer): free(3) for a variable that is any pointer to memory of malloc(3). */
static inline void free_pointer(void *variable) {
    free(*(void **) variable);
}

/* The one way in which ownership leaves a CLEANUP variable. */
#define TAKE_PTR(pointer)                                                                                              \
    __extension__({                                                                                                    \
        typeof(pointer) *taken_from_ = &(pointer);                                                                     \
        typeof(pointer) taken_ = *taken_from_;                                                                         \
        *taken_from_ = NULL;                                                                                           \
        taken_;                                                                                                        \
    })

#define ELEMENTSOF(array) (sizeof(array) / sizeof((array)[0]))

#ifdef __SANITIZE_ADDRESS__
#define HAVE_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAVE_ADDRESS_SANITIZER 1
#endif
#endif

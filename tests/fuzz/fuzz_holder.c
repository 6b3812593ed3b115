/* SPDX-License-Identifier: BSD-2-Clause */
/* Holders (trust/holder.h): what comes out is in the normal form, and stays what it is when normalised again. */
#include <errno.h>
#include <string.h>

#include "common/macros.h"
#include "common/text.h"
#include "tests/fuzz/input.h"
#include "trust/holder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Reader input = {{data, size}};
    CLEANUP(free_pointer) char *text = input_rest(&input, &size);
    CLEANUP(free_pointer) char *holder = NULL;
    CLEANUP(free_pointer) char *again = NULL;
    int r = holder_normalise(text, &holder);
    FUZZ_PROMISE(r == 0 || r == -EINVAL);
    FUZZ_PROMISE((r == 0) == (holder != NULL));
    if (holder_is_valid(text))
        FUZZ_PROMISE(r == 0 && strcmp(holder, text) == 0);
    if (r != 0)
        return 0;
    FUZZ_PROMISE(holder_is_valid(holder));
    FUZZ_PROMISE(text_is_printable((View){(const uint8_t *) holder, strlen(holder)}));
    FUZZ_PROMISE(holder_normalise(holder, &again) == 0 && strcmp(again, holder) == 0);
    return 0;
}

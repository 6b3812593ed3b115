/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of certificates (trust/pem.h). */
#include <errno.h>

#include "common/macros.h"
#include "tests/fuzz/input.h"
#include "trust/pem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    CLEANUP(bytes_list_done) BytesList list = {0};
    int r = trust_read_certificates((View){data, size}, &list);
    FUZZ_PROMISE(r == 0 || r == -ENODATA || r == -EBADMSG);
    FUZZ_PROMISE(r != 0 || list.count > 0);
    for (size_t i = 0; i < list.count; i++)
        FUZZ_PROMISE(list.items[i].size > 0 && list.items[i].size <= size);
    return 0;
}

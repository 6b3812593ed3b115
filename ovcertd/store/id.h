/* SPDX-License-Identifier: BSD-2-Clause */
/* Random identifiers of candidates and operations. Internal to store/. */
#pragma once

#include "ovcertd/store/store.h"

void id_make(char ret[STORE_ID_SIZE]);

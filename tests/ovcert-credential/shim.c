/* SPDX-License-Identifier: BSD-2-Clause */
/* A PKCS#11 module that passes every call on to SoftHSM2 and changes some answers, for what SoftHSM2 has not. How is in
 * the environment, which the helper's settings fill:
 *
 *   SHIM         words, separated by commas:
 *     pinpad         has a PIN pad, on which somebody types the PIN of SHIM_PIN
 *     count-low, final-try, locked, to-be-changed, no-pin
 *                    flags of the token
 *     locks          a wrong PIN locks it
 *     cancels        nobody types on the PIN pad
 *     unreadable     the token does not answer
 *     removed-at-login, removed-at-sign
 *     hangs-at-login
 *     no-modulus     private keys do not tell their modulus
 *     opensc         says that it is OpenSC
 *     our-opensc     has no token unless OPENSC_CONF is the file that the helper brings
 *   SHIM_PIN     what is typed on the PIN pad
 *   SHIM_LOG     a file that gets a letter for each C_Login: U for the user's, C for one of CKU_CONTEXT_SPECIFIC
 *   SHIM_PRESENT a file: as long as it is not there, no token is either
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <p11-kit/pkcs11.h>

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **ret);

/* A module is what PKCS#11 makes it: one for the whole process. */
static CK_FUNCTION_LIST *real;
static CK_FUNCTION_LIST shim;
static bool was_wrong;

static bool is_set(const char *word) {
    const char *words = getenv("SHIM");
    size_t length = strlen(word);

    for (const char *c = words ? words : ""; *c != '\0'; c += strcspn(c, ","), c += *c == ',')
        if (strcspn(c, ",") == length && strncmp(c, word, length) == 0)
            return true;
    return false;
}

static CK_RV initialize(void *arguments) {
    was_wrong = false;
    return real->C_Initialize(arguments);
}

static CK_RV get_info(CK_INFO *info) {
    CK_RV rv = real->C_GetInfo(info);

    if (rv == CKR_OK && is_set("opensc"))
        memcpy(info->manufacturerID, "OpenSC Project                  ", sizeof info->manufacturerID);
    return rv;
}

static bool has_our_opensc_conf(void) {
    static const char ours[] = "/ovcert/opensc.conf";
    const char *path = getenv("OPENSC_CONF");
    size_t size = path ? strlen(path) : 0;

    return size >= sizeof ours - 1 && strcmp(path + size - (sizeof ours - 1), ours) == 0;
}

static CK_RV get_slot_list(CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *count) {
    const char *path = getenv("SHIM_PRESENT");

    if ((!path || access(path, F_OK) == 0) && (!is_set("our-opensc") || has_our_opensc_conf()))
        return real->C_GetSlotList(present, slots, count);
    *count = 0;
    return CKR_OK;
}

static CK_RV get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info) {
    CK_RV rv = is_set("unreadable") ? CKR_TOKEN_NOT_RECOGNIZED : real->C_GetTokenInfo(slot, info);

    if (rv != CKR_OK)
        return rv;
    if (is_set("pinpad"))
        info->flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
    if (is_set("count-low"))
        info->flags |= CKF_USER_PIN_COUNT_LOW;
    if (is_set("final-try"))
        info->flags |= CKF_USER_PIN_FINAL_TRY;
    if (is_set("locked") || (is_set("locks") && was_wrong))
        info->flags |= CKF_USER_PIN_LOCKED;
    if (is_set("to-be-changed"))
        info->flags |= CKF_USER_PIN_TO_BE_CHANGED;
    if (is_set("no-pin"))
        info->flags &= ~CKF_LOGIN_REQUIRED;
    return CKR_OK;
}

static void note(const char *letter) {
    const char *path = getenv("SHIM_LOG");
    int fd = path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;

    if (fd < 0)
        return;
    if (write(fd, letter, 1) != 1)
        abort();
    (void) close(fd);
}

static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG size) {
    char *typed = getenv("SHIM_PIN");
    CK_RV rv;

    note(user == CKU_USER ? "U" : "C");
    if (is_set("hangs-at-login"))
        for (;;)
            (void) pause();
    if (is_set("removed-at-login"))
        return CKR_DEVICE_REMOVED;
    if (is_set("cancels"))
        return CKR_FUNCTION_CANCELED;
    if (is_set("pinpad") != (pin == NULL))
        return CKR_ARGUMENTS_BAD;
    rv = pin ? real->C_Login(session, user, pin, size)
             : real->C_Login(session, user, (CK_UTF8CHAR *) typed, strlen(typed));
    was_wrong = was_wrong || rv == CKR_PIN_INCORRECT;
    return rv;
}

static CK_RV get_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attributes,
                                 CK_ULONG count) {
    if (is_set("no-modulus") && count == 1 && attributes->type == CKA_MODULUS) {
        attributes->ulValueLen = CK_UNAVAILABLE_INFORMATION;
        return CKR_ATTRIBUTE_TYPE_INVALID;
    }
    return real->C_GetAttributeValue(session, object, attributes, count);
}

static CK_RV sign(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG size, CK_BYTE *signature, CK_ULONG *ret_size) {
    if (is_set("removed-at-sign"))
        return CKR_DEVICE_REMOVED;
    return real->C_Sign(session, data, size, signature, ret_size);
}

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST **ret) {
    void *library = dlopen(SOFTHSM_MODULE, RTLD_NOW | RTLD_LOCAL); /* stays loaded with us */
    CK_C_GetFunctionList get;
    void *symbol = library ? dlsym(library, "C_GetFunctionList") : NULL;
    CK_RV rv;

    if (!symbol)
        return CKR_GENERAL_ERROR;
    memcpy(&get, &symbol, sizeof get); /* POSIX's way from data to function */
    rv = get(&real);
    if (rv != CKR_OK)
        return rv;
    shim = *real;
    shim.C_Initialize = initialize;
    shim.C_GetInfo = get_info;
    shim.C_GetSlotList = get_slot_list;
    shim.C_GetTokenInfo = get_token_info;
    shim.C_Login = login;
    shim.C_GetAttributeValue = get_attribute_value;
    shim.C_Sign = sign;
    *ret = &shim;
    return CKR_OK;
}

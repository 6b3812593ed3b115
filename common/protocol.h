/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of the D-Bus contract (dbus/org.ovcert1.xml) that daemon and clients share. */
#pragma once

#define OVCERT_BUS_NAME "org.ovcert1"
#define OVCERT_OBJECT_PATH "/org/ovcert1"
#define OVCERT_PROFILE_PREFIX "/org/ovcert1/profile" /* + "/" + sd_bus_path_encode(3) of the user's name */
#define OVCERT_MANAGER_INTERFACE "org.ovcert1.Manager"
#define OVCERT_PROFILE_INTERFACE "org.ovcert1.Profile"
#define OVCERT_LOGIN_INTERFACE "org.ovcert1.Login"

#define OVCERT_ACTION_READ_OWN "org.ovcert1.read-own"
#define OVCERT_ACTION_MANAGE_OWN "org.ovcert1.manage-own"
#define OVCERT_ACTION_READ_ANY "org.ovcert1.read-any"
#define OVCERT_ACTION_MANAGE_ANY "org.ovcert1.manage-any"
#define OVCERT_ACTION_FIND "org.ovcert1.find-by-certificate"
#define OVCERT_ACTION_READ_KEYS "org.ovcert1.read-keys"

/* Exit statuses of "ovcertd --restore", beside 0 and 1. */
#define OVCERT_RESTORE_RUNNING 3 /* the service runs */
#define OVCERT_RESTORE_FORKED 4  /* the audit logs part ways: it takes --force */
#define OVCERT_RESTORE_DAMAGED 5 /* the database that is there is damaged: so does that */

#define OVCERT_GETTEXT_DOMAIN "ovcert"

/* Largest inputs, octets. */
#define OVCERT_CERTIFICATE_MAX (64u * 1024u) /* SECURITY 14 */
#define OVCERT_CHAIN_MAX 8u                  /* certificates, the leaf included */
#define OVCERT_SIGNATURE_MAX 1024u           /* RSA-8192 */

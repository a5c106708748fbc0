# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# All that the token of sre.preflight.vault_pki_audit needs, on Vault and on OpenBao. It reads and lists, nothing else.
#
# The mount is called pki here. Repeat the second half for each mount that is audited, under its own path:
#   sed 's#"pki/#"team/pki/#; s#/pki/#/team/pki/#' ...
# In a namespace, write the policy in that namespace; its paths stay as they are.
# What is not granted makes only its own rules unknown; the finding names the path and the capability.

# --- The server, once ---

# Whether the token still holds: tells an expired token from a missing right.
path "auth/token/lookup-self" {
  capabilities = ["read"]
}

# Which PKI mounts there are. Without it, those on which the token has any right.
path "sys/mounts" {
  capabilities = ["read"]
}

# The type of the storage and its max_entry_size. The answer is sanitized: it holds no secret.
path "sys/config/state/sanitized" {
  capabilities = ["read"]
}

# How many leases can no longer be revoked.
path "sys/leases/count" {
  capabilities = ["read"]
}

# --- Each mount ---

# Effective TTLs, audited and passed headers.
path "sys/mounts/pki/tune" {
  capabilities = ["read"]
}

# How many leases there are, by role. Lease identifiers alone give no access to anything.
path "sys/leases/lookup/pki/*" {
  capabilities = ["list", "sudo"]
}

path "pki/config/auto-tidy" {
  capabilities = ["read"]
}

path "pki/tidy-status" {
  capabilities = ["read"]
}

path "pki/config/crl" {
  capabilities = ["read"]
}

path "pki/config/urls" {
  capabilities = ["read"]
}

path "pki/config/cluster" {
  capabilities = ["read"]
}

path "pki/config/acme" {
  capabilities = ["read"]
}

# Which issuer is the default; versions from Vault 1.13 on say so in their list of issuers.
path "pki/config/issuers" {
  capabilities = ["read"]
}

# An issuer's certificate, usage and URLs. The list of issuers, CRLs and single certificates (issuers, issuer/*/crl/*,
# cert/*) need no right at all.
path "pki/issuer/+" {
  capabilities = ["read"]
}

# Vault Enterprise only: whether a root's key is a managed one. The answer describes the key, and does not hold it.
path "pki/key/+" {
  capabilities = ["read"]
}

path "pki/roles" {
  capabilities = ["list"]
}

path "pki/roles/+" {
  capabilities = ["read"]
}

path "pki/certs" {
  capabilities = ["list"]
}

path "pki/certs/revoked" {
  capabilities = ["list"]
}

# OpenBao's listing with dates. Vault has none.
path "pki/certs/detailed" {
  capabilities = ["list"]
}

# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# All that the token of sre.preflight.vault_pki_config and sre.preflight.vault_pki_tidy needs, on Vault and on OpenBao.
# It neither issues nor revokes, and sees no key.
#
# The mount is called pki here. Repeat the second half for each mount that is changed, under its own path:
#   sed 's#"pki/#"team/pki/#' ...
# In a namespace, write the policy in that namespace; its paths stay as they are.

# --- The server, once ---

# Whether the token still holds: tells an expired token from a missing right.
path "auth/token/lookup-self" {
  capabilities = ["read"]
}

# --- Each mount ---

# vault_pki_config reads and writes these.
path "pki/config/auto-tidy" {
  capabilities = ["read", "update"]
}

path "pki/config/crl" {
  capabilities = ["read", "update"]
}

path "pki/config/urls" {
  capabilities = ["read", "update"]
}

path "pki/config/cluster" {
  capabilities = ["read", "update"]
}

# A version or a proxy without PATCH needs update in its place.
path "pki/roles/+" {
  capabilities = ["read", "patch"]
}

# vault_pki_tidy starts, watches and cancels a tidy, and rotates the CRL, which is a read to the server.
path "pki/tidy" {
  capabilities = ["update"]
}

path "pki/tidy-status" {
  capabilities = ["read"]
}

path "pki/tidy-cancel" {
  capabilities = ["update"]
}

path "pki/crl/rotate" {
  capabilities = ["read"]
}

# How many there are before and after. The list of issuers and the CRLs need no right at all.
path "pki/issuer/+" {
  capabilities = ["read"]
}

path "pki/certs" {
  capabilities = ["list"]
}

path "pki/certs/revoked" {
  capabilities = ["list"]
}

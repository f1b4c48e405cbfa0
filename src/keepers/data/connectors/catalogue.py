"""The services that Keepers pulls from, by their names in keepers.toml."""

from __future__ import annotations

from keepers.data.connectors import (
    ga4,
    google_ads,
    hubspot,
    klaviyo,
    mailchimp,
    meta_ads,
    shopify,
    square,
    stripe,
    woocommerce,
)
from keepers.data.connectors.service import Service

SERVICES: dict[str, Service] = {
    one.SERVICE.kind: one.SERVICE
    for one in (shopify, stripe, woocommerce, square, hubspot, mailchimp, klaviyo, meta_ads, google_ads, ga4)
}

"""Raising XML signatures to B-T, B-LT and B-LTA (EN 319 132-1 V1.3.1, clause 6), also those of others."""

from vnedoc.signing._augment._evidence import Collector
from vnedoc.signing._augment._levels import augment_large_xml, augment_xml, require_for_level, signature_id_of

__all__ = ["Collector", "augment_large_xml", "augment_xml", "require_for_level", "signature_id_of"]

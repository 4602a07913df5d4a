"""The one door to the network: what may be fetched, from where, and at what cost.

Nothing in vnedoc fetches by itself. A caller who wants revocation data, time stamps or issuers' certificates
to be fetched makes an ``HttpFetcher``, names the hosts, and hands it in. Needs the extra ``http``.
"""

from vnedoc.net._fetcher import HttpFetcher

__all__ = ["HttpFetcher"]

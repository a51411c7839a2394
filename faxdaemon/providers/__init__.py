"""Fax services, one module (or package) each, found by its place.  Names with `_` in front are helpers.

A provider module has three names:

    class Options(Account)       its settings; the docstrings of the fields are their reference
    CAPABILITIES: Capabilities   what the service can do, as data
    open_account(options: Options, http: Http, clock: Clock) -> Provider
                                 one configured account, ready for several threads; opens no connection yet

Two more are optional: `open_with_cache(options, http, clock, cache)`, which the daemon prefers to `open_account`, for a
service that gives something worth keeping over a restart (`faxdaemon.contracts.cache`); and `understand`, for one that
pushes (`faxdaemon.contracts.push`).

`http` was made from the account's `timeout`, `ca` and `concurrency` and belongs to the provider from then on (`close`
closes it); a service that does not speak HTTP leaves it alone.  What the methods promise is written in
`faxdaemon.contracts.provider`; how to add a service, in `docs/adding-a-provider.md`; `_skeleton.py` is a start.

Promise   a provider module decides what an answer means, never how certain it is: `NotSent` and `OutcomeUnknown` come
          from `faxdaemon.http`, and what it cannot read is unknown.
Needs     core, contracts, options and http; no other adapter.
Crash     keeps nothing: what must survive is in the journal.
"""

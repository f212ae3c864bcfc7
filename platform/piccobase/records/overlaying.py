"""What hooks have set, laid over the draft and held to what every value is held to."""

from piccobase.base.errors import InvalidRecord
from piccobase.hooks.errors import HookMisused
from piccobase.records.drafting import Draft, overlay
from piccobase.records.hooked_draft import HookedDraft
from piccobase.records.service import Records
from piccobase.records.writing import check_relations
from piccobase.rules.context import RequestContext
from piccobase.schema.collections import CollectionInfo


def overlaid(collection: CollectionInfo, draft: Draft, hooked: HookedDraft, *, new: bool) -> Draft:
    """The draft with what hooks have set and taken away; what is wrong with that is only noted."""
    return overlay(collection, draft, hooked.set, hooked.removed, new=new) if hooked.is_changed else draft


async def overlaid_inside(
    records: Records,
    context: RequestContext,
    collection: CollectionInfo,
    draft: Draft,
    hooked: HookedDraft,
    failed: str,
    *,
    new: bool,
) -> Draft:
    """The same in the transaction. Raises InvalidRecord with `failed` as its message.

    Raises HookMisused for a password: to hash it takes longer than the write lock may be held.
    """
    if not hooked.is_changed:
        return draft
    for name in hooked.set:
        if collection.by_name[name].type == "password":
            raise HookMisused(
                f"A hook around WritingRecord cannot set {collection.name}.{name}: set it before, around "
                "CreatingRecord or UpdatingRecord."
            )
    result = overlay(collection, draft, hooked.set, hooked.removed, new=new)
    await check_relations(records, collection, result, context.actor)
    if result.errors:
        raise InvalidRecord(failed, result.errors)
    return result

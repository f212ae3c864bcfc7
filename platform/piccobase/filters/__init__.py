"""The filter language: text to tokens, tokens to a tree, a tree and the meaning of its names to SQL.

A client's filter, on the way to a statement:

    refuse_reserved(text)                                     # 403, unless a superuser asks
    shape = shape_of(text, limits=CLIENT_LIMITS)              # the plan's key, and this filter's literals
    # on a plan cache's miss:
    dialect = dialect_of("sqlite")
    joins = Joins(dialect)
    asked = CollectionNames(collection=posts, find=registry.find, joins=joins, alias="posts",
                            readable=not_hidden, passage=may_list, private_email=True)
    ruled = CollectionNames(collection=posts, find=registry.find, joins=joins, alias="posts")
    together = [
        open_filter(rule, ruled, dialect, constants=True),                               # a rule's literals are fixed
        open_filter(parse(text, limits=CLIENT_LIMITS), asked, dialect),                  # a client's come each time
    ]
    sort = open_sort(parse_sort(sort), asked, dialect, text=sort)
    together += restrictions(joins)                           # list rules of what the client's paths go through
    order = order_by(sort, dialect, together)
    where = closed(together)
    statement = render(
        compose("SELECT … FROM ", posts.source, ' AS "posts"', joins.fragment(), " WHERE ", where, " ORDER BY ", order),
        dialect.name,
    )
    # on every request:
    rows = await db.rows(statement.sql, statement.bind(Bindings(literals=shape.literals, actor=actor)))

A path to one related record is a LEFT JOIN of the statement. A path to many is a *fan*: its rows stand in an EXISTS.
Conditions are compiled open, speaking of fans, and closed at the end, when it is known which of them speak of the same
rows (`closing`). `compile_filter` does both for a condition that stands alone.

Everything is imported from its module: parser (parse, refuse_reserved, CLIENT_LIMITS), shape (shape_of), compiler
(open_filter, compile_filter), closing (closed, restrictions), sorting (parse_sort, open_sort, order_by), names
(CollectionNames, not_hidden), joins (Joins), fragments (compose, join, slot, render), bindings (Bindings), dialects
(dialect_of), conditions (condition: of the actor alone).

A rule asked of a draft is the same with `draft=True` and the alias of a one-row CTE. Compile everything before
`joins.fragment()` is called. `slot(binder)` puts any other value into a statement; subclass `Bindings` to carry it.
"""

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
    where = [
        compile_filter(rule, ruled, dialect, constants=True),                            # a rule's literals are fixed
        compile_filter(parse(text, limits=CLIENT_LIMITS), asked, dialect),               # a client's come each time
    ]
    order = compile_sort(parse_sort(sort), asked, dialect, text=sort)
    if restriction := joins.restrictions():                   # list rules of what the client's paths go through
        where.append(restriction)
    statement = render(
        compose("SELECT … FROM ", posts.source, ' AS "posts"', joins.fragment(),
                " WHERE ", join(" AND ", where), " ORDER BY ", order),
        dialect.name,
    )
    # on every request:
    rows = await db.rows(statement.sql, statement.bind(Bindings(literals=shape.literals, actor=actor)))

Everything is imported from its module: parser (parse, refuse_reserved, CLIENT_LIMITS), shape (shape_of), compiler
(compile_filter), sorting (parse_sort, compile_sort), names (CollectionNames, not_hidden), joins (Joins), fragments
(compose, join, slot, render), bindings (Bindings), dialects (dialect_of), conditions (condition: of the actor alone).

A rule asked of a draft is the same with `draft=True` and the alias of a one-row CTE. Compile everything before
`joins.fragment()` is called. `slot(binder)` puts any other value into a statement; subclass `Bindings` to carry it.
"""

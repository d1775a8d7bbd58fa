-- Kind, name and definition of everything that a database is made of; search_path is pg_catalog.
WITH ours AS (SELECT * FROM pg_namespace
     WHERE nspname NOT IN ('pg_catalog', 'information_schema') AND nspname NOT LIKE 'pg\_%'),
     rel AS (SELECT c.*, n.nspname FROM pg_class c JOIN ours n ON n.oid = c.relnamespace)
SELECT 'schema', nspname::text, concat_ws(' ', nspowner::regrole, nspacl::text) FROM ours
UNION ALL SELECT 'relation', concat(nspname, '.', relname), concat_ws(' ', relkind, relpersistence,
    relowner::regrole, relacl::text, relrowsecurity, relforcerowsecurity, reloptions::text) FROM rel
UNION ALL SELECT 'column', concat(nspname, '.', relname, '.', attname), concat_ws(' ',
    format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated, attcollation::regcollation,
    attacl::text, pg_get_expr(d.adbin, d.adrelid))
    FROM rel JOIN pg_attribute a ON a.attrelid = rel.oid AND attnum > 0 AND NOT attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE relkind IN ('r','p','v','m','f')
UNION ALL SELECT 'constraint', concat(nspname, '.', coalesce(rel.relname, ''), '.', conname),
    concat_ws(' ', pg_get_constraintdef(k.oid), convalidated) FROM pg_constraint k JOIN ours n ON n.oid = k.connamespace
    LEFT JOIN (SELECT oid, relname FROM pg_class) rel ON rel.oid = k.conrelid
UNION ALL SELECT 'index', concat(nspname, '.', relname), concat_ws(' ', pg_get_indexdef(i.indexrelid),
    indisvalid, indisready, indisunique) FROM pg_index i JOIN rel ON rel.oid = i.indexrelid
UNION ALL SELECT 'view', concat(nspname, '.', relname), pg_get_viewdef(oid) FROM rel WHERE relkind IN ('v','m')
UNION ALL SELECT 'function', p.oid::regprocedure::text, concat_ws(' ', pg_get_functiondef(p.oid), proowner::regrole,
    proacl::text) FROM pg_proc p JOIN ours n ON n.oid = p.pronamespace WHERE prokind IN ('f','p')
UNION ALL SELECT 'trigger', concat(nspname, '.', relname, '.', tgname), concat_ws(' ', pg_get_triggerdef(t.oid),
    tgenabled) FROM pg_trigger t JOIN rel ON rel.oid = t.tgrelid WHERE NOT tgisinternal
UNION ALL SELECT 'type', t.oid::regtype::text, concat_ws(' ', typtype, typnotnull, format_type(typbasetype, typtypmod),
    typdefault, (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid))
    FROM pg_type t JOIN ours n ON n.oid = t.typnamespace WHERE typtype IN ('e','d','r')
UNION ALL SELECT 'sequence', s.seqrelid::regclass::text, concat_ws(' ', format_type(seqtypid, NULL), seqstart,
    seqincrement, seqmax, seqmin, seqcache, seqcycle) FROM pg_sequence s JOIN rel ON rel.oid = s.seqrelid
UNION ALL SELECT 'policy', concat(nspname, '.', relname, '.', polname), concat_ws(' ', polcmd, polpermissive,
    polroles::regrole[]::text, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
    FROM pg_policy p JOIN rel ON rel.oid = p.polrelid
UNION ALL SELECT 'extension', extname, extversion FROM pg_extension
UNION ALL SELECT 'role', rolname, concat_ws(' ', rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin,
    rolreplication, rolbypassrls, rolconnlimit) FROM pg_roles WHERE rolname NOT LIKE 'pg\_%'
UNION ALL SELECT 'member', concat_ws(' ', roleid::regrole, member::regrole), admin_option::text FROM pg_auth_members
    WHERE member > 16383

"""The second path to every apportionment: whole-number SQL over the frozen inputs, written apart from the program.

tests/conftest.py has each run that any test makes compared with it, whatever the test is about. tests/budgets/
test_two_paths.py goes from the work entries themselves.
"""

from __future__ import annotations

from django.db import connection

from budgets.models import ApportionmentRow, ApportionmentRun

BY_SQL = """
WITH run AS (SELECT inputs FROM budgets_apportionmentrun WHERE id = %s),
 cost AS (SELECT (c->>'staff_id')::bigint AS staff, (c->>'yen')::numeric AS yen
            FROM run, jsonb_array_elements(inputs->'costs') c),
 stream AS (SELECT (s->>'stream_id')::bigint AS id, (s->>'position')::int AS place, s->>'code' AS code,
                   (s->>'is_general')::bool AS general, COALESCE(NULLIF(s->>'rule', ''), inputs->>'rule') AS rule
              FROM run, jsonb_array_elements(inputs->'streams') s),
 plan AS (SELECT (p->>'staff_id')::bigint AS staff, p->>'method' AS method, (p->>'stream_id')::bigint AS stream,
                 (p->>'study_id')::bigint AS study
            FROM run, jsonb_array_elements(COALESCE(inputs->'plans', '[]')) p),
 weight AS (
   SELECT (m->>'staff_id')::bigint AS staff, (m->>'stream_id')::bigint AS stream, sum((m->>'minutes')::numeric) AS n
     FROM run, jsonb_array_elements(inputs->'minutes') m
    WHERE m->>'kind' = 'direct' AND (m->>'staff_id')::bigint NOT IN (SELECT staff FROM plan) GROUP BY 1, 2
   UNION ALL
   SELECT staff, stream, 1 FROM plan WHERE method = 'dedicated' AND stream IS NOT NULL
   UNION ALL
   SELECT p.staff, (w->>0)::bigint, (w->>1)::numeric
     FROM plan p, run, jsonb_array_elements(COALESCE(inputs->'studies', '[]')) t, jsonb_array_elements(t->'weights') w
    WHERE p.method = 'time_study' AND (t->>'study_id')::bigint = p.study),
 quota AS (SELECT c.staff, c.yen, s.*, w.n, div(c.yen * w.n, sum(w.n) OVER one) AS low,
                  mod(c.yen * w.n, sum(w.n) OVER one) AS rest, sum(w.n) OVER one AS whole,
                  s.rule = 'truncate_to_general' AND NOT COALESCE(w.staff IN
                      (SELECT staff FROM plan WHERE method = 'dedicated'), false) AS cut
             FROM cost c JOIN weight w ON w.staff = c.staff AND w.n > 0 JOIN stream s ON s.id = w.stream
           WINDOW one AS (PARTITION BY c.staff)),
 ranked AS (SELECT q.*, div(COALESCE(sum(rest) FILTER (WHERE NOT cut) OVER (PARTITION BY staff), 0), whole) AS spare,
                   row_number() OVER (PARTITION BY staff, cut ORDER BY rest DESC, n DESC, place, code COLLATE "C", id) AS turn
              FROM quota q),
 part AS (SELECT staff, id, yen, low + (NOT cut AND turn <= spare)::int AS got FROM ranked)
SELECT staff, id, sum(got) FROM (
   SELECT staff, id, got FROM part
   UNION ALL
   SELECT staff, (SELECT id FROM stream WHERE general), max(yen) - sum(got) FROM part GROUP BY staff) x
 GROUP BY 1, 2 HAVING sum(got) <> 0"""


def yen_by_sql(run: ApportionmentRun) -> dict[tuple[int, int], int]:
    with connection.cursor() as cursor:
        cursor.execute(BY_SQL, [run.pk])
        return {(staff, stream): int(yen) for staff, stream, yen in cursor.fetchall()}


def check_run(run: ApportionmentRun) -> None:
    """AssertionError when the stored rows are not what SQL makes of the stored inputs."""
    rows = ApportionmentRow.objects.filter(run=run).values_list("staff_id", "stream_id", "yen")
    stored = {(staff, stream): yen for staff, stream, yen in rows if yen}
    by_sql = yen_by_sql(run)
    assert stored == by_sql, f"the two paths differ for {run}: {stored} by Python, {by_sql} by SQL"

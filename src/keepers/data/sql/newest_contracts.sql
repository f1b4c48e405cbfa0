-- Contracts of several files: of one that more than one of them tells of, what the newest file says counts.
WITH told AS (
    {contracts}
),
dated AS (
    SELECT
        *,
        max(greatest(day, started_on, coalesce(ended_on, started_on))) OVER (PARTITION BY file_no) AS delivered,
        split_part(split_part(source, ':', 1), ' ', 1) AS system,
        {known_by} AS known_by
    FROM told
)
SELECT * EXCLUDE (file_no, delivered, system, known_by)
FROM dated
QUALIFY file_no = first_value(file_no) OVER (PARTITION BY system, known_by ORDER BY delivered DESC, file_no DESC)

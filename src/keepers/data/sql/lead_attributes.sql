-- What a list of leads says of each beyond the schema, as it stood when it was exported.
SELECT lead_event_id, attribute, value FROM (
    SELECT md5(concat_ws('|', k.system, k.lead_id, k._row)) AS lead_event_id,
           unnest([{names}]) AS attribute, unnest([{values}]) AS value
    FROM {keyed} k LEFT JOIN {raw} r ON r._row = k._row
)
WHERE value IS NOT NULL

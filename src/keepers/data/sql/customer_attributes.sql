-- What lists of customers say beyond the schema, from the day they were read on.
SELECT customer_key, attribute, value, {received_at}::TIMESTAMP AS valid_from FROM (
    SELECT customer_key, 'tags' AS attribute, tags AS value FROM {keyed} WHERE tags IS NOT NULL
    UNION ALL
    SELECT customer_key, 'company', company FROM {keyed} WHERE company IS NOT NULL
    UNION ALL
    SELECT customer_key, 'member_rating', rating::VARCHAR FROM {keyed} WHERE rating IS NOT NULL
)
WHERE customer_key IS NOT NULL

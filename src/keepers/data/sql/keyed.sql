-- Rows of people seen outside of sales, with the key of the customer each one is.
SELECT s.*, k.customer_key, {source} AS source_name, {system} AS system
FROM (SELECT *, {clean_id} AS clean_id, {clean_name} AS clean_name FROM {stage}) s
LEFT JOIN {keys} k ON k.system = {system} AND k.customer_id IS NOT DISTINCT FROM s.clean_id AND k.email IS NOT DISTINCT FROM s.email
    AND k.phone IS NOT DISTINCT FROM s.phone AND k.name IS NOT DISTINCT FROM s.clean_name

-- The key of every node: the id of the best node of its component, or a hash where that is a person's own address.
WITH named AS (SELECT component, node, left(node, 1) AS kind, substr(node, 3) AS rest FROM {nodes}),
parted AS (
    SELECT *, split_part(rest, ':', 1) AS system, substr(rest, length(split_part(rest, ':', 1)) + 2) AS external FROM named
)
SELECT n.node, CASE WHEN r.kind = 'i' THEN {shown} ELSE 'c_' || left(sha256(r.node), 16) END AS customer_key
FROM {nodes} n
JOIN {labels} l USING (component)
JOIN parted r ON r.component = l.label

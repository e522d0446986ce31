<?php
// Start it with: php -S 0.0.0.0:${PORT:-9000} receiver.php
// The signature is of the bytes as they arrive: verify before parsing.
$body = file_get_contents("php://input");
$expected = hash_hmac("sha256", $body, getenv("SECRET"));
$is_right = hash_equals($expected, $_SERVER["HTTP_X_NOKO_SIGNATURE"] ?? "");
if ($is_right) {
    file_put_contents("php://stderr", $body . "\n");
}
http_response_code($is_right ? 204 : 403);

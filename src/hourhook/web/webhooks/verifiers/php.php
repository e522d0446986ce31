<?php
// Start it with: php -S 0.0.0.0:${PORT:-9000} receiver.php
function is_genuine(string $body): bool
{
    $id = $_SERVER["HTTP_WEBHOOK_ID"] ?? "";
    $timestamp = $_SERVER["HTTP_WEBHOOK_TIMESTAMP"] ?? "";
    if (!ctype_digit($timestamp) || abs(time() - (int) $timestamp) > 300) {
        return false;
    }
    $key = base64_decode(preg_replace("/^whsec_/", "", getenv("SECRET")));
    $expected = "v1," . base64_encode(hash_hmac("sha256", "$id.$timestamp.$body", $key, true));
    // There are two signatures while a secret is being changed.
    foreach (explode(" ", $_SERVER["HTTP_WEBHOOK_SIGNATURE"] ?? "") as $signature) {
        if (hash_equals($expected, $signature)) {
            return true;
        }
    }
    return false;
}

// The signature is of the bytes as they arrive: verify before parsing.
$body = file_get_contents("php://input");
$genuine = is_genuine($body);
if ($genuine) {
    file_put_contents("php://stderr", $body . "\n");
}
http_response_code($genuine ? 204 : 403);

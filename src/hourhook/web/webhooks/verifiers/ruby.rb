require "openssl"
require "socket"

KEY = ENV.fetch("SECRET").delete_prefix("whsec_").unpack1("m")

def genuine?(headers, body)
  id, timestamp, signatures = headers.values_at("webhook-id", "webhook-timestamp", "webhook-signature").map(&:to_s)
  return false unless timestamp.match?(/\A\d+\z/) && (Time.now.to_i - timestamp.to_i).abs <= 300

  expected = "v1," + [OpenSSL::HMAC.digest("SHA256", KEY, "#{id}.#{timestamp}.".b + body)].pack("m0")
  # There are two signatures while a secret is being changed.
  signatures.split.any? { |signature| OpenSSL.secure_compare(expected, signature) }
end

def answer(client)
  client.gets # the request line
  headers = {}
  while (line = client.gets.to_s.chomp) != ""
    name, value = line.split(":", 2)
    headers[name.downcase] = value.to_s.strip
  end
  # The signature is of the bytes as they arrive: verify before parsing.
  body = client.read(headers["content-length"].to_i)
  right = genuine?(headers, body)
  puts body if right
  client.write("HTTP/1.1 #{right ? "204 No Content" : "403 Forbidden"}\r\nConnection: close\r\n\r\n")
ensure
  client.close
end

$stdout.sync = true
server = TCPServer.new(Integer(ENV.fetch("PORT", "9000")))
loop { Thread.new(server.accept) { |client| answer(client) } }

require "openssl"
require "socket"

secret = ENV.fetch("SECRET")
server = TCPServer.new(Integer(ENV.fetch("PORT", "9000")))

loop do
  client = server.accept
  client.gets # the request line
  headers = {}
  while (line = client.gets.to_s.chomp) != ""
    name, value = line.split(":", 2)
    headers[name.downcase] = value.to_s.strip
  end
  # The signature is of the bytes as they arrive: verify before parsing.
  body = client.read(Integer(headers.fetch("content-length", "0")))
  expected = OpenSSL::HMAC.hexdigest("SHA256", secret, body)
  right = OpenSSL.secure_compare(expected, headers.fetch("x-noko-signature", ""))
  puts body if right
  $stdout.flush
  client.write("HTTP/1.1 #{right ? "204 No Content" : "403 Forbidden"}\r\nConnection: close\r\n\r\n")
  client.close
end

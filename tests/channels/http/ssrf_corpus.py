"""URLs that must never lead a request to a machine that is not public, in every form people have thought of.

`:8080` stands for the port of a canary; `aimed` puts the real one there. No name in here exists.
"""

from __future__ import annotations

# ruff: noqa: E501
# fmt: off
IPV4 = [
    "127.0.0.1", "127.1", "127.0.1", "127.127.127.127", "127.255.255.254", "127.0.0.1.", "127.000.000.001",
    "2130706433", "2130706433.", "0x7f000001", "0X7F000001", "0x7f.1", "0x7f.0.1", "0x7f.0.0.1",
    "0x7f.0x0.0x0.0x1", "0x000000007f.0.0.1", "0177.0.0.1", "0177.1", "017700000001", "00000177.1", "0177.0x0.0.1",
    "127.0x1", "127.65537", "0", "00", "0x0", "0.0.0.0", "0.1.2.3", "000.000.000.000",
    "10.0.0.1", "012.0.0.1", "0xa.1", "167772161", "10.1", "172.16.0.1", "172.31.255.255", "2886729729",
    "192.168.1.1", "192.168.257", "0xc0a80101", "3232235777", "0300.0250.1.1",
    "169.254.169.254", "169.254.43518", "169.16689662", "2852039166", "0xa9fea9fe", "0xA9.0xFE.0xA9.0xFE",
    "0251.0376.0251.0376", "169.254.169.254.", "169.254.170.2", "100.64.0.1", "100.100.100.200", "192.0.0.8",
    "192.0.0.192", "192.88.99.1", "198.18.0.1", "192.0.2.1", "198.51.100.7", "203.0.113.5", "224.0.0.1",
    "239.1.1.1", "240.0.0.1", "255.255.255.255", "4294967295", "0xffffffff",
]
IPV6 = [
    "[::1]", "[0:0:0:0:0:0:0:1]", "[0000:0000:0000:0000:0000:0000:0000:0001]", "[::0:1]", "[::]", "[0::0]",
    "[::127.0.0.1]", "[::7f00:1]", "[::8.8.8.8]",
    "[::ffff:127.0.0.1]", "[::FFFF:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:7f00:1]", "[::ffff:0.0.0.0]",
    "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[::ffff:10.0.0.1]", "[::ffff:0:127.0.0.1]",
    "[64:ff9b::7f00:1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::7f00:1]",
    "[64:ff9b:1::808:808]", "[2002:7f00:1::]", "[2002:a00:1::1]", "[2002:a9fe:a9fe::1]", "[2001:0:7f00:1::1]",
    "[2001:0:808:808:0:0:80ff:fffe]", "[2606:4700::5efe:7f00:1]", "[2606:4700::200:5efe:a00:1]",
    "[fe80::1]", "[fe80::5efe:7f00:1]", "[febf::1]", "[fec0::1]", "[fc00::1]", "[fd00::1]", "[fd12:3456::1]",
    "[fd00:ec2::254]", "[fdff::1]", "[ff02::1]", "[ff0e::1]", "[2001:db8::1]", "[2001:20::1]", "[2001:10::1]",
    "[3fff::1]", "[5f00::1]", "[100::1]", "[4000::1]",
]
LOCAL_NAMES = ["localhost", "LOCALHOST", "LocalHost", "localhost.", "a.b.localhost", "127.0.0.1.localhost."]
_BLOCKED = [
    *(f"http://{host}:8080/" for host in (*IPV4, *IPV6, *LOCAL_NAMES)),
    "https://127.0.0.1:8080/", "HTTP://127.0.0.1:8080/", "http://127.0.0.1:8080", "http://127.0.0.1/", "http://[::1]/",
    "http://127.0.0.1:08080/", "http://127.0.0.1:8080?@hooks.invalid/", "http://127.0.0.1:8080/@hooks.invalid/",
    "http://127.0.0.1:8080/http://hooks.invalid/", "http://127.0.0.1:8080/?url=https://hooks.invalid/",
    "http://127.0.0.1:8080/%0d%0ax-evil:%201", "http://169.254.169.254/latest/meta-data/",
    "http://169.254.169.254/computeMetadata/v1/", "http://[fd00:ec2::254]/latest/meta-data/",
    "http://100.100.100.200/latest/meta-data/",
]
SCHEMES = [
    "file:///etc/passwd", "file://127.0.0.1/etc/passwd", "file://localhost/etc/passwd", "FILE:///etc/passwd",
    *(f"{scheme}://127.0.0.1:8080/" for scheme in (
        "ftp", "ftps", "gopher", "gophers", "dict", "ldap", "ldaps", "tftp", "telnet", "smtp", "smtps", "imap", "pop3",
        "rtsp", "scp", "sftp", "smb", "ssh", "ws", "wss", "mqtt", "h2c", "http+unix", "unix", "jar:http", "httpx",
        "redis", "php", "netdoc", "view-source", "javascript", "data", "htt\u0440",
    )),
    "data:text/plain,x", "javascript:alert(1)", "unix:/var/run/docker.sock", "http+unix://%2Fvar%2Frun%2Fdocker.sock/",
    "gopher://127.0.0.1:6379/_*1%0d%0a$8%0d%0aflushall%0d%0a", "dict://127.0.0.1:11211/stat",
    "url:http://127.0.0.1:8080/", "jar:http://127.0.0.1:8080!/",
]
AUTHORITIES = [
    "https://user@hooks.invalid/", "https://user:pw@hooks.invalid/", "https://@hooks.invalid/", "https://:@127.0.0.1:8080/",
    "https://hooks.invalid@127.0.0.1:8080/", "https://hooks.invalid:443@127.0.0.1:8080/", "https://127.0.0.1:8080@hooks.invalid/",
    "https://hooks.invalid%40127.0.0.1:8080/", "https://hooks.invalid%2f@127.0.0.1:8080/", "https://a@b@127.0.0.1:8080/",
    "https://hooks.invalid;@127.0.0.1:8080/", "https://hooks.invalid&@127.0.0.1:8080/", "https://hooks.invalid#x",
    "https://hooks.invalid#", "https://hooks.invalid/#x", "https://hooks.invalid#@127.0.0.1:8080/",
    "https://127.0.0.1:8080#@hooks.invalid/", "https://127.0.0.1:8080#.hooks.invalid/",
    "https://hooks.invalid\\@127.0.0.1:8080/", "https://127.0.0.1:8080\\@hooks.invalid/", "https:\\\\127.0.0.1:8080\\",
    "https://127.0.0.1:8080\\.hooks.invalid/", "https://127.0.0.1:8080,hooks.invalid/", "https://127.0.0.1:8080;hooks.invalid/",
    "https://hooks.invalid|127.0.0.1:8080/", "https://{127.0.0.1}:8080/", "https://127.0.0.{1,2}:8080/", "https://127.0.0.[1-3]:8080/",
    "http://http://127.0.0.1:8080/", "https:https://127.0.0.1:8080/", "http:http:127.0.0.1:8080", "https://https:127.0.0.1:8080/",
    "http://127.0.0.1:8080:80/", "http://127.0.0.1:80:8080/", "http://127.0.0.1 :8080/", "http://127.0.0.1: 8080/",
]
PLACES = [
    "", "hooks.invalid", "127.0.0.1:8080", "//127.0.0.1:8080/x", "///127.0.0.1:8080/", "/x", "https:hooks.invalid",
    "https:/127.0.0.1:8080/", "https:///127.0.0.1:8080/", "https://", "https:///x", "https:127.0.0.1:8080",
    "://127.0.0.1:8080/", "https//127.0.0.1:8080/", "https ://127.0.0.1:8080/", "https://?127.0.0.1:8080", "https:////127.0.0.1:8080/",
    "https://a..invalid/", "https://.invalid/", "https://hooks.invalid../", "https://./", "https://../", "https://127.0.0.1..:8080/",
    "https://127..0.0.1:8080/", "https://.127.0.0.1:8080/", "https://999.1.1.1/", "https://256.256.256.256/", "https://1.2.3.4.5/",
    "https://127.0.0.1.1:8080/", "https://foo.123/", "https://4294967296/", "https://42949672960000000000/", "https://0x100000000/",
    "https://127.0.0.08:8080/", "https://0x:8080/",
    "https://[::1/", "https://::1/", "https://::1:8080/", "https://[fe80::1%25eth0]/", "https://[fe80::1%eth0]/", "https://[v1.x]/",
    "https://[127.0.0.1]:8080/", "https://[]/", "https://[::1]8080/", "https://[::1].hooks.invalid/", "https://[[::1]]:8080/",
    "https://[::1]%00:8080/", "https://[::ffff:127.0.0.1.]:8080/", "https://[::ffff:0x7f.0.0.1]:8080/", "https://[::ffff:127.1]:8080/",
    "https://[1:2:3:4:5:6:7:8:9]/", "https://[0:0:0:0:0:0:0:0:1]:8080/", "https://[::00001]:8080/",
    "https://" + "a" * 64 + ".invalid/", "https://hooks.invalid/" + "x" * 2048, "https://" + "a." * 130 + "invalid/",
]
PORTS = [
    *(f"https://127.0.0.1:{port}/" for port in (0, 65536, 99999, "x", "-1", "+80", "8080x", "0x50", "\uff18\uff10", "")),
    *(f"http://hooks.invalid:{port}/" for port in (1, 7, 21, 22, 23, 25, 53, 110, 143, 389, 465, 587, 993, 1433, 3306,
                                                   5432, 5672, 6379, 6667, 11211, 27017)),
]
CHARACTERS = [
    "https://hooks inv.invalid/", " https://127.0.0.1:8080/", "https://127.0.0.1:8080/ ", "\thttps://127.0.0.1:8080/",
    "https://127.0.0.1:8080/\r\nX-Evil: 1", "https://127.0.0.1:8080/ HTTP/1.1\r\nHost: x\r\n\r\n", "https://127.0.0.1:8080/\x00",
    "https://127.0.0.1\x00.hooks.invalid:8080/", "https://127.0.0.1%00.hooks.invalid:8080/", "https://exam\tple.invalid/",
    "h\tttps://127.0.0.1:8080/", "https://127.0.0.1\t:8080/", "https://127.0.0.1:8080\n", "https://127.0.0.1:80\n80/",
    "https://127.0.0.1%09:8080/", "https://127.0.0.1%0d%0a:8080/", "https://hooks.invalid%0d%0a@127.0.0.1:8080/",
    "https://%31%32%37.0.0.1:8080/", "https://%31%32%37%2e%30%2e%30%2e%31:8080/", "https://127%2e0%2e0%2e1:8080/",
    "https://%6c%6f%63%61%6c%68%6f%73%74:8080/", "https://loc%61lhost:8080/", "https://%5b::1%5d:8080/", "https://%2531.0.0.1:8080/",
    "https://b\u00fccher.invalid/", "https://\uff11\uff12\uff17.0.0.1:8080/", "https://127\u30020\u30020\u30021:8080/",
    "https://127\uff0e0\uff0e0\uff0e1:8080/", "https://127\uff610\uff610\uff611:8080/", "https://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460:8080/",
    "https://\u0661\u0662\u0667.\u0660.\u0660.\u0661:8080/", "https://\U0001d7cf\U0001d7d0\U0001d7d5.0.0.1:8080/", "https://\u2488\u2489\u248e0.0.1:8080/",
    "https://\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3:8080/", "https://\uff4cocalhost:8080/", "https://loc\u00adalhost:8080/",
    "https://localhost\u200b:8080/", "https://local\u017fho\u017ft:8080/", "https://127.0.0.1\u202e:8080/", "https://[\uff1a\uff1a1]:8080/",
    "https://127.0.0.1\uff0fx:8080/", "https://127.0.0.1\u2044:8080/", "https://hooks.invalid\uff20127.0.0.1:8080/",
    "https://hooks.invalid\uff03@127.0.0.1:8080/", "https\uff1a//127.0.0.1:8080/", "\ufeffhttps://127.0.0.1:8080/",
    "https://hooks.invalid/<x>", 'https://hooks.invalid/"', "https://127.0.0.1:8080/`id`", "https://127.0.0.1:8080/^",
    "https://hooks.invalid/\ud800", "https://xn--\u00e5.invalid/",
]
# fmt: on

BLOCKED = tuple(dict.fromkeys(_BLOCKED))
"""Well-formed: refused because of the address they name."""
MALFORMED = tuple(dict.fromkeys([*SCHEMES, *AUTHORITIES, *PLACES, *PORTS, *CHARACTERS]))
"""Refused because of how they are written: two parsers might read them in two ways."""
EVIL = BLOCKED + MALFORMED


def aimed(url: str, port: int) -> str:
    """The URL with the canary's port in it."""
    return url.replace(":8080", f":{port}")

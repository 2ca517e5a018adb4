using System.Globalization;
using System.Text;

namespace PipelineService.Tests.Contracts.Hostile;

/// <summary>Texts and numbers that programs stumble over. Each Latin-1 character is one byte of what is sent.</summary>
internal static class HostileTexts
{
    /// <summary>Half of them are no UTF-8, and none of them is escaped.</summary>
    public static readonly string[] Raw =
    [
        "", " ", "\0", "a\0b", "\xFF\xFE", "\xC3\x28", "\xED\xA0\x80", "\xF0\x9F\x92\xA9", "\xE2\x80\xAE", "\x1b[2J\x1b[31mERROR",
        "\r\n", "a\r\nX-Injected: yes",
        "'", "\"", "`", "\\", "';DROP TABLE pipeline.jobs;--", "\";DROP SCHEMA pipeline CASCADE;--", "$$;SELECT pg_sleep(9);$$",
        "1 OR 1=1", "%s%n%x",
        "{0}{1}", "{{7*7}}", "${jndi:ldap://127.0.0.1/a}", "<script>alert(1)</script>", "<!--", "]]>", "../../../../etc/passwd",
        "..\\..\\win.ini",
        "/etc/passwd", "file:///etc/passwd", "http://169.254.169.254/latest/", "=cmd|'/C calc'!A0", "@SUM(1)", "+1", "-1", "0", "1",
        "00", "007", "1e999", "-0",
        "2147483648", "-2147483649", "9223372036854775808", "18446744073709551616", "99999999999999999999999999999999999999", "NaN",
        "Infinity", "0x1F",
        "1.0000000000000000000001", "true", "null", "undefined", "[]", "{}", "()", "*", "?", "#", "&", "=", ";", ",", ".", "..", "~",
        "%", "%%", "%0", "%zz",
        "tableoid", "ctid", "_job_id", "_record", "pipeline", "pg_catalog", "select", "user", "CON", "nul.txt", "a b", "A", "ＡＤＭＩＮ",
        "І", "\u202Egnp.exe",
        "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "{00000000-0000-0000-0000-000000000000}",
        "9999-12-31T23:59:59Z",
        "0000-00-00", "2026-02-30", "2026-13-01T25:61:61Z", "-infinity", "PT1S", "P99999999999999Y", "-PT1S", "W/\"1\"", "\"1\"", "\"",
        "*, \"1\"",
    ];

    public static string Any(Random random) => random.Next(12) switch
    {
        0 => new string('a', random.Next(60, 70)),
        1 => new string('9', random.Next(1, 400)),
        2 => new string((char)random.Next(1, 256), random.Next(1, 3_000)),
        3 => Encoding.Latin1.GetString(Bytes(random, random.Next(1, 64))),
        4 => Raw[random.Next(Raw.Length)] + Raw[random.Next(Raw.Length)],
        5 => random.NextInt64(long.MinValue, long.MaxValue).ToString(CultureInfo.InvariantCulture),
        _ => Raw[random.Next(Raw.Length)],
    };

    public static byte[] Bytes(Random random, int length)
    {
        byte[] bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    /// <summary>As part of an address: escaped once, twice, with capitals or without, in part, or not at all.</summary>
    public static string InAddress(string text, Random random)
    {
        int how = random.Next(6);
        StringBuilder escaped = new();
        foreach (byte value in Encoding.Latin1.GetBytes(AsLatin1(text)))
        {
            bool isPlain = value is > 0x20 and < 0x7F && !"%#?/&=+".Contains((char)value, StringComparison.Ordinal);
            string code = value.ToString(how == 1 ? "x2" : "X2", CultureInfo.InvariantCulture);
            escaped.Append(how == 0 || (how != 2 && isPlain) ? ((char)value).ToString() : how == 3 ? $"%25{code}" : $"%{code}");
        }

        return escaped.ToString();
    }

    /// <summary>What has characters beyond Latin-1 as the bytes of UTF-8.</summary>
    public static string AsLatin1(string text) =>
        text.All(c => c < 256) ? text : Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));
}

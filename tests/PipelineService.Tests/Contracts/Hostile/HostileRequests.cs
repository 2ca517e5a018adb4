using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Contracts.Hostile;

/// <summary>What requests can name that is really there.</summary>
internal sealed record HostileWorld(string[] Datasets, string[] Jobs, string[] Keys, string[] Credentials);

/// <summary>
/// Makes requests from the document: of each call, with some parts as they should be and others as no client would send them. The same
/// seed makes the same ones.
/// </summary>
internal sealed class HostileRequests(int seed, HostileWorld world)
{
    private static readonly string[] Methods =
        [
            "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "G ET", "", "\x01",
            new('M', 300)];

    private static readonly string[] Types =
    [
        "text/csv", "application/json", "application/x-ndjson", "application/json; charset=utf-16", "text/csv; charset=\"\xFF\"", "*/*",
        "text/csv, text/csv", ";", "a/b/c",
        "multipart/form-data", "multipart/form-data; boundary=", "application/gzip", "text/plain", "application/x-www-form-urlencoded",
        "text/csv;header=absent;charset=utf-7",
    ];

    private static readonly JsonNode Definition = JsonNode.Parse("""
        {
          "title": "t", "format": "csv", "encoding": "utf-8",
          "dialect": { "delimiter": ";", "quoteChar": "'", "header": true, "commentChar": "#", "skipInitialSpace": true },
          "schema": {
            "fields": [
              { "name": "id", "type": "integer", "sqlType": "bigint", "constraints": { "required": true, "minimum": 1, "maximum": 99 } },
              { "name": "at", "type": "datetime", "format": "%Y-%m-%d", "source": "When" },
              { "name": "n", "type": "number", "sqlType": "numeric(10,2)", "decimalChar": ",", "groupChar": "." },
              { "name": "s", "type": "string", "constraints": { "pattern": "(a+)+$", "enum": ["a", "b"], "maxLength": 10 } },
              { "name": "parent", "type": "integer" }, { "name": "l", "type": "list", "itemType": "integer" }
            ],
            "missingValues": ["", "-"], "primaryKey": ["id"], "uniqueKeys": [["id", "n"]],
            "foreignKeys": [{ "fields": ["parent"], "reference": { "resource": "", "fields": ["id"] } }]
          },
          "transforms": [
            { "op": "trim", "fields": ["*"] }, { "op": "derive", "field": "d", "type": "number", "expression": "n * 2" },
            { "op": "filter", "expression": "id > 0" }, { "op": "replace", "fields": ["s"], "pattern": "(a|aa)+", "with": "b" }, { "op": "mask", "fields": ["l"], "keepLast": 1 }
          ],
          "load": { "table": "public.hostile", "mode": "append", "commit": "job", "lineage": true, "keepUpload": "PT5M" },
          "rejects": { "maxCount": 10, "maxRatio": 0.5 }
        }
        """)!;

    /// <summary>Calls with bodies come more often: there is more in them to be wrong.</summary>
    private static readonly ApiOperation[] Calls =
        [.. ApiDocument.Operations.SelectMany(call => Enumerable.Repeat(call, call.Json["requestBody"] is null ? 1 : 4))];

    private readonly Random _random = new(seed);

    /// <summary>Whether nothing but the body is hostile, so that it is read.</summary>
    private bool _isTame;

    public HostileRequest Next()
    {
        _isTame = Chance(2);
        ApiOperation call = Calls[_random.Next(Calls.Length)];
        string method = Odd(8) ? Methods[_random.Next(Methods.Length)] : call.Method;
        string path = PathOf(call);
        StringBuilder head = new(
            $"{method} {path}{QueryOf(call)} {(Odd(30) ? Pick("HTTP/1.0", "HTTP/2.0", "HTTP/0.9", "HTTP/11", "", "http/1.1") : "HTTP/1.1")}\r\n");
        string line = head.ToString().TrimEnd();
        head.Append(
            Odd(25) ? Pick("", "Host:\r\n", "Host: a\r\nHost: b\r\n", "Host: evil.example\r\n", "Host: [::\r\n", "Host: \xFF\r\n") : "Host: localhost\r\n");
        AddHeaders(head, call);
        (byte[] body, bool hasBody) = BodyOf(call, head);
        (byte[] framed, bool isWhole) = Frame(head, body, hasBody);
        head.Append("\r\n");
        byte[] start = Encoding.Latin1.GetBytes(HostileTexts.AsLatin1(head.ToString()));
        bool isHttp = line.EndsWith("HTTP/1.1", StringComparison.Ordinal);
        return new HostileRequest(line, [.. start, .. framed], isWhole && isHttp, method != "HEAD");
    }

    private string PathOf(ApiOperation call)
    {
        string path = call.Path;
        foreach (JsonNode? parameter in ParametersOf(call, "path"))
        {
            string name = (string)parameter!["name"]!;
            string value = Odd(3) ? HostileTexts.InAddress(HostileTexts.Any(_random), _random) : name switch
            {
                // What is deleted or renewed is none of those that the others need.
                "dataset" => call.Method == "DELETE" ? world.Datasets[^1] : Pick(world.Datasets),
                "id" => call.Method == "DELETE" ? world.Jobs[0] : Pick(world.Jobs),
                "key" => call.Method == "GET" ? Pick(world.Keys) : world.Keys[0],
                _ => "1",
            };
            path = path.Replace($"{{{name}}}", value, StringComparison.Ordinal);
        }

        return !Odd(20) ? path
            : Pick(
                path + "/", "/" + path, path + "/..", path.ToUpperInvariant(), path + "%2e%2e%2f", path + ";a=b",
                "http://evil.example" + path, "*", path + new string('a', 9_000), path + "\\..\\", "/v1/%5c..%5c",
                "/v1/" + HostileTexts.InAddress(HostileTexts.Any(_random), _random));
    }

    private string QueryOf(ApiOperation call)
    {
        List<string> parts = [];
        foreach (JsonNode? parameter in ParametersOf(call, "query"))
        {
            for (int times = Odd(2) ? 1 : Odd(12) ? 2 : 0; times > 0; times--)
            {
                string value = Odd(2) ? HostileTexts.Any(_random)
                    : (string)parameter!["name"]! == "replaces" ? Pick(world.Jobs) : HostileJson.Sample(parameter["schema"]!)?.ToString() ?? "";
                parts.Add($"{(string)parameter!["name"]!}={HostileTexts.InAddress(value, _random)}");
            }
        }

        if (Odd(12))
        {
            parts.Add(
                Pick(
                    HostileTexts.InAddress(HostileTexts.Any(_random), _random), "=", "a", "limit", "limit=1&Limit=2", "&&&", "a[]=1",
                    new string('q', 9_000)));
        }

        return parts.Count == 0 ? "" : "?" + string.Join('&', parts);
    }

    private void AddHeaders(StringBuilder head, ApiOperation call)
    {
        head.Append(_isTame ? world.Credentials[0] : Pick(world.Credentials));
        foreach (JsonNode? parameter in ParametersOf(call, "header"))
        {
            if (Odd(3))
            {
                head.Append(CultureInfo.InvariantCulture, $"{(string)parameter!["name"]!}: {Line(HostileTexts.Any(_random))}\r\n");
            }
        }

        if (Odd(4))
        {
            string hostile = Line(HostileTexts.Any(_random));
            head.Append(Pick(
                $"Accept: {hostile}\r\n", $"Accept: text/csv;q={hostile}\r\n", $"If-None-Match: {hostile}\r\n",
                $"Range: bytes={hostile}\r\n", $"Expect: {hostile}\r\n",
                "Prefer: wait=99999999999\r\n", "Prefer: wait=-1, wait=0\r\n", $"traceparent: {hostile}\r\n",
                $"X-Forwarded-For: {hostile}\r\n", $"Content-Encoding: {Pick("gzip", "br, zstd", hostile)}\r\n",
                $"X: {new string('x', 40_000)}\r\n", string.Concat(Enumerable.Repeat("X-Many: 1\r\n", 150)), "No colon\r\n",
                " folded\r\n", ": no name\r\n", "X: a\nY: b\r\n", $"Origin: {hostile}\r\n",
                $"Cookie: {hostile}\r\n", "Upgrade: websocket\r\nConnection: upgrade\r\n", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n", $"X-Http-Method-Override: DELETE\r\n"));
        }
    }

    private (byte[] Body, bool HasBody) BodyOf(ApiOperation call, StringBuilder head)
    {
        if (call.Json["requestBody"]?["content"]?.AsObject() is not { } content)
        {
            return Odd(12) ? (HostileTexts.Bytes(_random, _random.Next(0, 200)), true) : ([], false);
        }

        KeyValuePair<string, JsonNode?> form = content.ElementAt(_random.Next(content.Count));
        head.Append(CultureInfo.InvariantCulture, $"Content-Type: {(Odd(8) ? Types[_random.Next(Types.Length)] : form.Key)}\r\n");
        if (form.Key == "application/json")
        {
            JsonNode sample = call.Id == "putDataset" ? Definition : HostileJson.Sample(form.Value!["schema"]!) ?? new JsonObject();
            return (Chance(10) ? Encoding.UTF8.GetBytes(sample.ToJsonString()) : HostileJson.Spoil(sample, _random), true);
        }

        byte[] data = DataOf();
        return (!Odd(8) ? data : Compress(data, head), true);
    }

    private byte[] DataOf()
    {
        StringBuilder data = new(
            Pick(
                "id;When;n;s;parent;l\n", "id,name,amount\n", "id\tname\tamount\n", "", "id,id,id\n", "\xEF\xBB\xBFid,name,amount\r\n",
                "{\"id\":1,\"name\":\"n\"}\n", "[", "\u001E{\"id\":1}\n"));
        for (int i = _random.Next(0, 20); i > 0; i--)
        {
            data.Append(Pick(
                $"{_random.Next(100)};2026-01-01;1,5;a;;1\n",
                $"1;{HostileTexts.Any(_random)};{HostileTexts.Any(_random)};{new string('a', _random.Next(40))}b;1;\n",
                $"{_random.Next()},{HostileTexts.Any(_random)},1\n", "1,\"never closed\n", new string(',', _random.Next(3_000)) + "\n",
                "{\"id\":" + new string('[', _random.Next(300)) + "\n",
                $"{{\"id\":{HostileTexts.Any(_random)},\"name\":\"{HostileTexts.Any(_random)}\"}}\n", "1,a,1\n", "{\"id\":1,\"name\":\"\\u0000\",\"amount\":1e9999}\n"));
        }

        return Encoding.Latin1.GetBytes(HostileTexts.AsLatin1(data.ToString()));
    }

    /// <summary>Also as a bomb, cut in the middle, or as what it is not.</summary>
    private byte[] Compress(byte[] data, StringBuilder head)
    {
        using MemoryStream packed = new();
        using (GZipStream gzip = new(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            gzip.Write(data);
            gzip.Write(Chance(2) ? new byte[_random.Next(1, 3 << 20)] : data);
        }

        head.Append(Pick("Content-Encoding: gzip\r\n", "Content-Encoding: gzip, gzip\r\n", "Content-Encoding: br\r\n"));
        byte[] bytes = packed.ToArray();
        return Chance(2) ? bytes[.._random.Next(bytes.Length)] : bytes;
    }

    /// <summary>Says how long the body is, truly or not.</summary>
    private (byte[] Framed, bool IsWhole) Frame(StringBuilder head, byte[] body, bool hasBody)
    {
        if (!hasBody && !Odd(30))
        {
            return ([], true);
        }

        string length = body.Length.ToString(CultureInfo.InvariantCulture);
        if (!Odd(6))
        {
            if (Chance(4))
            {
                head.Append("Transfer-Encoding: chunked\r\n");
                byte[] size = Encoding.ASCII.GetBytes(body.Length == 0 ? "" : $"{body.Length:x}\r\n");
                return ([.. size, .. body, .. Encoding.ASCII.GetBytes(body.Length == 0 ? "0\r\n\r\n" : "\r\n0\r\n\r\n")], true);
            }

            head.Append(CultureInfo.InvariantCulture, $"Content-Length: {length}\r\n");
            return (body, true);
        }

        head.Append(Pick(
            $"Content-Length: {body.Length + 7}\r\n", $"Content-Length: {Math.Max(0, body.Length - 3)}\r\n", "Content-Length: -1\r\n",
            "Content-Length: 99999999999999999999\r\n", $"Content-Length: {length}\r\nContent-Length: {length}\r\n",
            $"Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: identity\r\n", "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: xchunked\r\n", "Content-Length: 0x10\r\n", ""));
        byte[] broken = Encoding.Latin1.GetBytes(
            Pick(
                "zz\r\n", "ffffffffffffffff\r\na", "5\r\nab\r\n", $"1;{new string('e', 5_000)}\r\na\r\n0\r\n\r\n", "1\na\n0\n\n",
                "-1\r\n", "0\r\nX: y\r\n\r\n", ""));
        return (Chance(2) ? broken : body, false);
    }

    private static IEnumerable<JsonNode?> ParametersOf(ApiOperation call, string place) =>
        (call.Json["parameters"]?.AsArray() ?? []).Where(parameter => (string?)parameter!["in"] == place);

    /// <summary>On one line in nine cases of ten.</summary>
    private string Line(string text) =>
        Chance(10) ? text : text.Replace('\r', ' ').Replace('\n', ' ');

    private bool Odd(int of) => Chance(of) && !_isTame;

    private bool Chance(int of) => _random.Next(of) == 0;

    private T Pick<T>(params T[] choices) => choices[_random.Next(choices.Length)];
}

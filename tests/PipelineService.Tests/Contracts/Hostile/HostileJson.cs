using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Contracts.Hostile;

/// <summary>Bodies of JSON: what the document says that they are, and what becomes of them in the wrong hands.</summary>
internal static class HostileJson
{
    private const int DepthMax = 6;

    private static readonly JsonSerializerOptions AsWritten = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 2_000 };

    /// <summary>One that a schema of the document allows.</summary>
    public static JsonNode? Sample(JsonNode schema, int depth = 0)
    {
        JsonObject resolved = ApiDocument.Resolve(schema);
        JsonNode? chosen = resolved["example"] ?? resolved["default"] ?? resolved["enum"]?[0] ?? resolved["const"] ?? resolved["examples"]?[0];
        if (chosen is not null || depth > DepthMax)
        {
            return chosen?.DeepClone();
        }

        if ((resolved["oneOf"] ?? resolved["anyOf"]) is JsonArray choices)
        {
            return Sample(choices[0]!, depth + 1);
        }

        string? type = resolved["type"] is JsonArray types ? types.Select(t => (string?)t).First(t => t != "null") : (string?)resolved["type"];
        return type switch
        {
            "object" => new JsonObject((resolved["properties"]?.AsObject() ?? []).Select(
                property => KeyValuePair.Create(property.Key, Sample(property.Value!, depth + 1)))),
            "array" => new JsonArray(resolved["items"] is { } items ? Sample(items, depth + 1) : null),
            "integer" or "number" => (int?)resolved["minimum"] ?? 1,
            "boolean" => true,
            _ => "text",
        };
    }

    /// <summary>Changes some of it, or all.</summary>
    public static byte[] Spoil(JsonNode sample, Random random)
    {
        switch (random.Next(10))
        {
            case 0:
                return Encoding.Latin1.GetBytes(HostileTexts.AsLatin1(HostileTexts.Any(random)));
            case 1:
                int depth = random.Next(1, 20_000);
                return Encoding.UTF8.GetBytes(random.Next(2) == 0
                    ? new string('[', depth) + new string(']', depth)
                    : string.Concat(Enumerable.Repeat("{\"a\":", depth)) + "1" + new string('}', depth));
            case 2:
                return Encoding.UTF8.GetBytes($"[{string.Join(',', Enumerable.Repeat("0", random.Next(1, 50_000)))}]");
            case 3:
                string whole = sample.ToJsonString(AsWritten);
                return Encoding.UTF8.GetBytes(whole[..random.Next(whole.Length)]);
            case 4:
                byte[] bytes = Encoding.UTF8.GetBytes(sample.ToJsonString(AsWritten));
                for (int i = random.Next(1, 4); i > 0; i--)
                {
                    bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                }

                return bytes;
            case 5:
                string text = sample.ToJsonString(AsWritten);
                return Encoding.UTF8.GetBytes(text.Length < 3 || text[0] != '{' ? text + text : $"{text[..^1]},{text[1..]}");
            default:
                JsonNode changed = sample.DeepClone();
                for (int i = random.Next(1, 4); i > 0; i--)
                {
                    changed = Change(changed, random);
                }

                return Encoding.UTF8.GetBytes(changed.ToJsonString(AsWritten));
        }
    }

    private static JsonNode Change(JsonNode root, Random random)
    {
        List<JsonNode> nodes = [];
        Collect(root, nodes);
        JsonNode node = nodes[random.Next(nodes.Count)];
        JsonNode? other = random.Next(3) == 0 ? nodes[random.Next(nodes.Count)].DeepClone() : Value(random);
        switch (node.Parent)
        {
            case null:
                return random.Next(20) == 0 ? other ?? root : root;
            case JsonArray list when random.Next(3) == 0:
                for (int i = random.Next(1, 200); i > 0; i--)
                {
                    list.Add(node.DeepClone());
                }

                return root;
            case JsonObject members when random.Next(4) == 0:
                members[Text(random)] = other;
                return root;
            case JsonObject members when random.Next(6) == 0:
                members.Remove(node.GetPropertyName());
                return root;
            default:
                node.ReplaceWith(other);
                return root;
        }
    }

    private static void Collect(JsonNode node, List<JsonNode> nodes)
    {
        nodes.Add(node);
        foreach (JsonNode? inner in node switch
        {
            JsonObject members => members.Select(member => member.Value),
            JsonArray items => items,
            _ => Enumerable.Empty<JsonNode?>(),
        })
        {
            if (inner is not null)
            {
                Collect(inner, nodes);
            }
        }
    }

    private static string Text(Random random) => HostileTexts.Any(random);

    private static JsonNode? Value(Random random) => random.Next(9) switch
    {
        0 => null,
        1 => random.Next(2) == 0,
        2 => random.NextInt64(long.MinValue, long.MaxValue),
        3 => JsonNode.Parse("1" + new string('0', random.Next(1, 500))),
        4 => JsonNode.Parse(string.Create(CultureInfo.InvariantCulture, $"-{random.Next()}.{random.Next()}e{random.Next(-400, 400)}")),
        5 => new JsonArray(Text(random), random.Next(), new JsonObject()),
        6 => new JsonObject { [Text(random)] = Text(random) },
        _ => Text(random),
    };
}

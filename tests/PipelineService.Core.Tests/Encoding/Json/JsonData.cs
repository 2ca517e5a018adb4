using CsCheck;

namespace PipelineService.Core.Tests.Encoding.Json;

/// <summary>Random text that is JSON or almost: a single edit away from it, or pieces of it in any order.</summary>
internal static class JsonData
{
    private const int DepthMax = 3;

    /// <summary>Pieces of JSON, good and bad, to put together at random.</summary>
    private static readonly string[] Parts =
    [
        "{", "}", "[", "]", ",", ":", "\"a\"", "\"b\":", "\"", "\\n", "\\x", "\\u00e9", "\\u12", "\\ud800", "1", "-", "0", ".", "e", "+",
        "true", "nul", "l", " ", "\t", "\r", "\n", "\u0001", "é",
    ];

    private static readonly Gen<string> Part = Gen.Int[0, Parts.Length - 1].Select(i => Parts[i]);

    private static readonly Gen<string> Blank = Gen.Frequency(
        (4, Gen.Const("")), (1, Gen.OneOf<string>(" ", "\t", "\r", "\n")));

    private static readonly Gen<string> Scalar = Gen.OneOf<string>(
        "true", "false", "null", "0", "-0", "12", "1.5", "-0.25", "1e2", "1e+2", "1E-2", "2.50e0", "\"\"", "\"a b\"", "\"é\"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\u00E9\\ud83d\\ude00\"");

    private static readonly Gen<string> Name = Gen.OneOf<string>("\"a\"", "\"b\"", "\"\"", "\"\\u0061\"");

    private static readonly Gen<string> Good = Gen.Recursive<string>((depth, value) =>
    {
        var spaced = Gen.Select(Blank, depth < DepthMax ? value : Scalar, Blank, (before, v, behind) => before + v + behind);
        var member = Gen.Select(Blank, Name, Blank, spaced, (before, name, behind, v) => $"{before}{name}{behind}:{v}");
        return Gen.OneOf(
            Scalar,
            Gen.Select(spaced.Array[0, 3], Blank, (values, blank) => $"[{Joined(values, blank)}]"),
            Gen.Select(member.Array[0, 3], Blank, (members, blank) => $"{{{Joined(members, blank)}}}"));
    });

    /// <summary>A piece takes the place of up to two characters, anywhere.</summary>
    private static readonly Gen<string> Edited = Gen.Select(
        Good, Gen.OneOf(Gen.Const(""), Part), Gen.Double.Unit, Gen.Int[0, 2], (good, part, place, removed) =>
        {
            int at = (int)(place * (good.Length + 1));
            return good[..at] + part + good[Math.Min(good.Length, at + removed)..];
        });

    /// <summary>A value that is well-formed.</summary>
    public static Gen<string> Value => Good;

    public static Gen<string> Any { get; } = Gen.Frequency(
        (1, Good), (4, Edited), (1, Part.Array[0, 9].Select(string.Concat)));

    private static string Joined(string[] elements, string blank) =>
        elements.Length == 0 ? blank : string.Join(',', elements);
}

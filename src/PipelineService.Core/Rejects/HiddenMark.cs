using System.Globalization;
using PipelineService.Core.Parsing.Csv;

namespace PipelineService.Core.Rejects;

/// <summary>Stands where personal data is not shown.</summary>
public static class HiddenMark
{
    /// <summary>The mark in a text, and in one of JSON, where it needs no escape.</summary>
    public static ReadOnlySpan<byte> Text => "[hidden]"u8;

    /// <summary>For dialects in which a character of <see cref="Text"/> means something.</summary>
    private static ReadOnlySpan<byte> Stars => "***"u8;

    /// <summary>In the place of a name in a header. Each is another, because of names that are the same none could be told.</summary>
    /// <param name="place">1-based.</param>
    public static string OfName(int place) => string.Create(CultureInfo.InvariantCulture, $"[hidden {place}]");

    /// <summary>In the place of a value of delimited text, in quotes or not: what the dialect reads as it is.</summary>
    /// <returns>Empty in a dialect that reads none so.</returns>
    public static ReadOnlySpan<byte> In(CsvSyntax syntax) => IsPlain(Text, syntax) ? Text : IsPlain(Stars, syntax) ? Stars : [];

    private static bool IsPlain(ReadOnlySpan<byte> mark, CsvSyntax syntax) =>
        !mark.ContainsAny(syntax.Special)
        && !(syntax.HasNull && mark.SequenceEqual(syntax.Null))
        && (syntax.Comment.IsEmpty || !mark.StartsWith(syntax.Comment));
}

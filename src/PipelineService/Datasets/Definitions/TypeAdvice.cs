using System.Collections.Frozen;
using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;
using PipelineService.Hosting;

namespace PipelineService.Datasets.Definitions;

/// <summary>Types of databases and programming languages, and the field types that stand for them.</summary>
internal static class TypeAdvice
{
    private static readonly FrozenDictionary<string, string> Meant = new (string Meant, string[] Words)[]
    {
        ("string", ["str", "char", "character", "bpchar", "nchar", "nvarchar", "varchar2", "clob", "enum", "guid", "blob", "binary"]),
        ("integer", ["long", "short", "int16", "int32", "int64", "uint", "tinyint", "mediumint", "serial", "bigserial", "whole"]),
        ("number", ["double", "float32", "float64", "currency", "percent"]),
        ("datetime", ["datetime2", "datetimeoffset", "timestamp_tz", "timestamp_ntz", "instant"]),
        ("boolean", ["bit", "logical", "flag"]),
        ("object", ["map", "struct", "dict", "record"]),
    }.SelectMany(type => type.Words.Select(word => (word, type.Meant)))
        .ToFrozenDictionary(t => t.word, t => t.Meant, StringComparer.OrdinalIgnoreCase);

    /// <summary>Types that PostgreSQL reads from text: the field is a string, and the column's type stands beside it.</summary>
    private static readonly FrozenSet<string> ReadFromText = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase, "cidr", "citext", "inet", "macaddr", "money", "xml");

    /// <summary>A fault for a word that is no field type, with the one that it most likely means.</summary>
    public static string ForUnknown(string word)
    {
        string[] types = [.. DefinitionWords.FieldTypes.Select(t => t.Word)];
        return $"\"{Excerpt.Of(word)}\" is not known here: use one of {string.Join(", ", types)}."
            + (Suggestion.For(word, types) is { Length: > 0 } near ? near : OfOtherTools(word) ?? OfColumnType(word) ?? "");
    }

    private static string? OfColumnType(string word)
    {
        if (SqlTypeText.Parse(word).Type is not SqlType column
            || (column.Name == SqlTypeName.Other && !ReadFromText.Contains(word)))
        {
            return null;
        }

        FieldType type = column.Name == SqlTypeName.Other ? FieldType.String
            : DefinitionWords.FieldTypes.Select(t => t.Value)
                .Where(t => t is not (FieldType.Any or FieldType.Year or FieldType.YearMonth)
                    && FieldCapabilities.IsAllowed(new() { Name = "", Type = t }, column))
                .MaxBy(t => (SqlType.DefaultOf(t).Name == column.Name, t != FieldType.String));
        string meant = $" Did you mean \"{DefinitionWords.FieldTypes.WordFor(type)}\"?";
        return column == SqlType.DefaultOf(type)
            ? meant
            : $"{meant} The column's type goes beside it: \"sqlType\": \"{Excerpt.Of(word)}\".";
    }

    private static string? OfOtherTools(string word) =>
        word.EndsWith("[]", StringComparison.Ordinal) ? " Did you mean \"array\"?"
        : Meant.TryGetValue(word.Split('(')[0].Trim(), out string? meant) ? $" Did you mean \"{meant}\"?"
        : null;
}

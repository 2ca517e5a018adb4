using System.Collections.Immutable;
using System.Globalization;
using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Parsing.Csv;

/// <summary>
/// What a header that does not match most likely is, and what to do about it: a guess, told beside the fault. Looked at when a
/// job has failed, so it may take its time.
/// </summary>
public static class HeaderAdvice
{
    private const int NamesToldMax = 5;

    /// <summary>Characters of a name that can be meant for one of the schema's.</summary>
    private const int NameLengthMax = 200;

    private static readonly ImmutableArray<string> Delimiters = [";", "\t", "||", "|", ",", "~"];

    /// <param name="header">The bytes of the first record.</param>
    /// <param name="names">The names in them; empty when they could not be read.</param>
    /// <param name="schema">What is declared.</param>
    /// <param name="dialect">How the data was read.</param>
    /// <param name="declared">How the definition says that it is written: other than <paramref name="dialect"/> when the upload's
    /// content type has overruled it.</param>
    /// <param name="isAll">Whether nothing follows it.</param>
    /// <param name="isPersonal">Whether values are not to be told, as the first record of a file without a header has them. A name that
    /// looks like one of the schema's is told all the same: it is that one, but for case, blanks and punctuation.</param>
    /// <param name="beginning">The first lines of the data, as far as they are at hand.</param>
    /// <returns>Sentences, or an empty text when nothing is likely.</returns>
    public static string For(
        ReadOnlySpan<byte> header,
        ImmutableArray<string> names,
        TableSchema schema,
        CsvDialect dialect,
        CsvDialect declared,
        bool isAll,
        bool isPersonal = false,
        ReadOnlySpan<byte> beginning = default) =>
        OtherForm(header, dialect)
        ?? OtherLineEnd(names, dialect)
        ?? OtherRow(beginning, names, schema, dialect)
        ?? OtherDelimiter(header, names, schema, dialect, declared)
        ?? CutRejects(names, schema)
        ?? BlanksBeforeQuotes(header, names, schema, dialect)
        ?? Lookalikes(names, schema)
        ?? (isAll ? LostLineEnds(names, schema) : null)
        ?? NoHeader(names, schema, isPersonal)
        ?? OtherFields(names, schema)
        ?? "";

    /// <summary>The same for a header that no delimiters are in.</summary>
    public static string For(ImmutableArray<string> names, TableSchema schema, bool isPersonal = false) =>
        Lookalikes(names, schema) ?? NoHeader(names, schema, isPersonal) ?? OtherFields(names, schema) ?? "";

    private static string? OtherForm(ReadOnlySpan<byte> header, CsvDialect dialect) => header.TrimStart(" \t\r\n"u8) switch
    {
        [(byte)'{' or (byte)'[', ..] =>
            "The data looks like JSON: send an array as application/json, and one complete object a line as application/x-ndjson.",
        [(byte)'<', ..] => "The data looks like HTML or XML, as an error page that was saved in its place does.",
        [(byte)'s', (byte)'e', (byte)'p', (byte)'=', ..] =>
            "The first line is a hint for spreadsheets and no header: remove it, or set dialect.headerRows to [2]; and set "
            + "dialect.delimiter to what it names.",
        [(byte)'#', ..] when !HasComments(dialect) =>
            "The first line looks like a comment: set dialect.commentChar to \"#\", or remove such lines.",
        _ => null,
    };

    private static string? OtherLineEnd(ImmutableArray<string> names, CsvDialect dialect) =>
        !dialect.EndsAtAnyLineEnd && names.Any(name => name.Contains('\n', StringComparison.Ordinal))
            ? "The header has line ends in it, which are data here: leave dialect.lineTerminator out if records end at line ends."
            : null;

    private static string? OtherRow(ReadOnlySpan<byte> beginning, ImmutableArray<string> names, TableSchema schema, CsvDialect dialect)
    {
        IEnumerable<string> delimiters = Delimiters.Where(d => d != dialect.Delimiter && d != dialect.QuoteChar).Prepend(dialect.Delimiter);
        if (!dialect.EndsAtAnyLineEnd
            || LaterHeader.Find(beginning, schema, dialect, MatchesIn(names, schema), delimiters) is not { Row: > 1 } found)
        {
            return null;
        }

        string other = found.Delimiter == dialect.Delimiter ? ""
            : $", and dialect.delimiter to {(found.Delimiter == "\t" ? "\"\\t\"" : Shown(found.Delimiter))}";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"Row {found.Row} looks like the header: set dialect.headerRows to [{found.Row}]{other}; rows before it are then no records.");
    }

    /// <summary>Reads the header once more with each of the usual delimiters, and takes the one by which most names match.</summary>
    private static string? OtherDelimiter(
        ReadOnlySpan<byte> header, ImmutableArray<string> names, TableSchema schema, CsvDialect dialect, CsvDialect declared)
    {
        int length = header.IndexOfAny((byte)'\n', (byte)'\r');
        ReadOnlySpan<byte> line = length < 0 ? header : header[..length];
        (int best, int parts) = (MatchesIn(names, schema), names.Length);
        string? found = null;
        foreach (string delimiter in Delimiters.Where(d => d != dialect.Delimiter && d != dialect.QuoteChar))
        {
            ImmutableArray<string> read =
                CsvHeader.Read(line, dialect with { Delimiter = delimiter }, line.Length, out _);
            int matches = MatchesIn(read, schema);
            bool isBetter = matches > best || (matches == 0 && best == 0 && parts <= 1 && read.Length > 1);
            if (isBetter && schema.Fields.Length > 1)
            {
                (best, parts, found) = (matches, read.Length, delimiter);
            }
        }

        return found is not null ? Delimited(found, dialect, declared) : null;
    }

    private static string Delimited(string found, CsvDialect dialect, CsvDialect declared)
    {
        string looks = $"The header looks delimited by {Shown(found)} and not by {Shown(dialect.Delimiter)}:";
        return found == declared.Delimiter ? $"{looks} send the data as text/csv, which goes by dialect.delimiter."
            : found == "\t"
                ? $"{looks} set dialect.delimiter to \"\\t\", or send the data as text/tab-separated-values."
            : dialect.Delimiter != declared.Delimiter
                ? $"{looks} send the data as text/csv, and set dialect.delimiter to {Shown(found)}."
            : $"{looks} set dialect.delimiter to {Shown(found)}.";
    }

    /// <summary>A CSV of rejects from which some of the service's columns were taken out is no such file any more.</summary>
    private static string? CutRejects(ImmutableArray<string> names, TableSchema schema)
    {
        ImmutableArray<string> own = RejectHeader.OwnNames(schema);
        string[] left = [.. own.Where(name => names.Contains(name))];
        return left.Length > 1 && left.Length < own.Length
            ? $"{string.Join(", ", left)} are columns of a CSV of rejects, which has {string.Join(", ", own.Except(left))} besides: "
                + "leave all of them in, or take all of them out."
            : null;
    }

    /// <summary>A quote behind a blank is data, and so is a delimiter behind it.</summary>
    private static string? BlanksBeforeQuotes(
        ReadOnlySpan<byte> header, ImmutableArray<string> names, TableSchema schema, CsvDialect dialect)
    {
        if (dialect.SkipInitialSpace || dialect.QuoteChar.Length == 0
            || !names.Any(name => name.StartsWith(' ') && name.TrimStart(' ').StartsWith(dialect.QuoteChar, StringComparison.Ordinal)))
        {
            return null;
        }

        ImmutableArray<string> read = CsvHeader.Read(header, dialect with { SkipInitialSpace = true }, header.Length, out _);
        return MatchesIn(read, schema) > MatchesIn(names, schema)
            ? "Blanks stand before quotes, which are data then: set dialect.skipInitialSpace to true, or send the data without these blanks."
            : null;
    }

    private static string? Lookalikes(ImmutableArray<string> names, TableSchema schema)
    {
        string[] declared = [.. schema.FieldsInData.Select(f => f.NameInData).Distinct()];
        ILookup<string, string> wanted =
            declared.Except(names, StringComparer.Ordinal).ToLookup(LookalikeNames.KeyOf, StringComparer.Ordinal);
        string[] found =
        [
            .. from name in names.Except(declared, StringComparer.Ordinal)
               where name.Length <= NameLengthMax
               from alike in wanted[LookalikeNames.KeyOf(name)]
               select $"\"{Excerpt.Of(name)}\" in the data and \"{Excerpt.Of(alike)}\" in the schema differ only "
                   + $"{LookalikeNames.DifferenceOf(name, alike)}.",
        ];
        bool isCase = names.Except(declared, StringComparer.Ordinal).Select(HeaderNames.KeyOf)
            .Intersect(declared.Select(HeaderNames.KeyOf), StringComparer.Ordinal).Any();
        return found.Length == 0 ? null
            : string.Join(" ", found.Take(NamesToldMax))
                + (found.Length > NamesToldMax ? $" So do {found.Length - NamesToldMax} more." : "")
                + " Names match to the byte: write the header as the schema has it, or give the field the name in the data as "
                + "its \"source\"."
                + (isCase ? " With dialect.headerMatch \"caseInsensitive\", case and blanks around a name do not count." : "");
    }

    /// <summary>A header that is all there is has mostly swallowed the records: one of its names goes on with a value.</summary>
    private static string? LostLineEnds(ImmutableArray<string> names, TableSchema schema) =>
        schema.FieldsInData.Select(field => field.NameInData).Except(names, StringComparer.Ordinal)
            .Any(missing => names.Any(name => name.StartsWith(missing, StringComparison.Ordinal)))
            ? "The upload has only this one line; curl -d strips line ends, --data-binary keeps them."
            : null;

    private static string? NoHeader(ImmutableArray<string> names, TableSchema schema, bool isPersonal)
    {
        if (MatchesIn(names, schema) > 0)
        {
            return null;
        }

        return names.FirstOrDefault(LooksLikeValue) is string value
            ? $"The first line looks like a record{(isPersonal ? "" : $" (\"{Excerpt.Of(value)}\" is no usual name)")}: if the data has "
                + "no header, set dialect.header to false."
            : names.Length == schema.FieldsInData.Count() ? "If the data has no header, set dialect.header to false."
            : null;
    }

    /// <summary>The names are right as far as they go: more or fewer can be allowed.</summary>
    private static string? OtherFields(ImmutableArray<string> names, TableSchema schema)
    {
        if (MatchesIn(names, schema) == 0)
        {
            return null;
        }

        int unnamed = names.IndexOf("");
        bool isRepeated = names.Distinct(StringComparer.Ordinal).Count() < names.Length;
        bool hasMore = names.Except(schema.FieldsInData.Select(f => f.NameInData), StringComparer.Ordinal).Any();
        bool hasFewer = MatchesIn(names, schema) < schema.FieldsInData.Count();
        return (schema.FieldsMatch ?? FieldsMatch.Equal, isRepeated, hasMore, hasFewer) switch
        {
            (FieldsMatch.Equal or FieldsMatch.Exact, false, true, false) when unnamed >= 0 => string.Create(
                CultureInfo.InvariantCulture,
                $"Column {unnamed + 1} has no name, as where lines end with a delimiter, or a program has put numbers in front: take it out, or set "
                + $"schema.fieldsMatch to \"subset\"; then it is not loaded."),
            (FieldsMatch.Equal or FieldsMatch.Exact, false, true, false) =>
                "Declare what is unknown, or set schema.fieldsMatch to \"subset\": then it is not loaded.",
            (FieldsMatch.Equal or FieldsMatch.Exact, false, false, true) =>
                "Send what is missing, or set schema.fieldsMatch to \"superset\": then its columns are left to the table.",
            _ => null,
        };
    }

    private static bool LooksLikeValue(string name) => name.AsSpan().TrimStart("+-.") is [>= '0' and <= '9', ..];

    private static int MatchesIn(ImmutableArray<string> names, TableSchema schema) =>
        schema.FieldsInData.Count(field => names.Contains(field.NameInData));

    private static bool HasComments(CsvDialect dialect) => dialect.CommentChar is not null || !dialect.CommentRows.IsEmpty;

    private static string Shown(string delimiter) => delimiter == "\t" ? "tabs" : $"\"{Excerpt.Of(delimiter)}\"";
}

using System.Text;
using FluentValidation;
using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;

namespace PipelineService.Datasets.Definitions;

/// <summary>
/// What a dialect must not say, because data could be read in two ways or in none. Every fault says how to end it.
/// </summary>
internal sealed class DialectValidator : AbstractValidator<CsvDialect>
{
    /// <summary>Bytes of a delimiter, a line end and a comment's beginning; what is looked at around every record.</summary>
    private const int MarkBytesMax = 64;

    private const int HeaderRowsMax = 16;

    public DialectValidator()
    {
        RuleFor(d => d.Delimiter).Must(FitsMark).WithMessage($"Must be a text of 1 to {MarkBytesMax} bytes.")
            .Must((d, text) => !d.EndsAtAnyLineEnd || !HasLineEnd(text))
            .WithMessage("Holds a line end, which ends a record: use another, or declare a lineTerminator.");
        RuleFor(d => d.LineTerminator).Must(FitsMark!)
            .WithMessage($"Must be a text of 1 to {MarkBytesMax} bytes; leave it out for LF, CRLF and CR.")
            .Must((d, text) => d.EndsAtAnyLineEnd || text is { Length: 0 } || !AreNested(text!, d.Delimiter))
            .WithMessage("Is a part of the delimiter, or has it in it: where one ends and the other begins could not be told. Use another.")
            .When(d => d.LineTerminator is not null);
        RuleFor(d => d.QuoteChar).Must(IsCharacter).WithMessage("Must be one character, and no line end or tab.")
            .Must((d, quote) => !IsIn(d, quote))
            .WithMessage("Is a part of the delimiter or of the line end: use another, or \"\" for no quotes.")
            .When(d => d.QuoteChar.Length > 0);
        RuleFor(d => d.EscapeChar).Must(IsCharacter!).WithMessage("Must be one character, and no line end or tab.")
            .NotEqual(d => d.QuoteChar)
            .WithMessage("Is the quoteChar: leave it out if quotes inside quotes are doubled, which doubleQuote says.")
            .Must((d, escape) => !IsIn(d, escape!)).WithMessage("Is a part of the delimiter or of the line end: use another.")
            .When(d => d.EscapeChar is not null);
        RuleFor(d => d.CommentChar).Must(FitsMark!).WithMessage($"Must be a text of 1 to {MarkBytesMax} bytes.")
            .Must((d, comment) => !BeginsARecord(d, comment!))
            .WithMessage("Is how a record may begin, with a quote, an escape, a delimiter or a line end: use another.")
            .When(d => d.CommentChar is not null);
        RuleFor(d => d.HeaderJoin).Must(text => Encoding.UTF8.GetByteCount(text) <= MarkBytesMax)
            .WithMessage($"Must be a text of at most {MarkBytesMax} bytes.");
        AddRulesOfSpaces();
        AddRulesOfRows();

        // Last, because it is found by reading it: that means something only where the others have no fault.
        RuleFor(d => d.NullSequence).Must((d, text) => IsFound(d, text!))
            .WithMessage("Could never be found: a field is never written so in this dialect, or not in the first place of a record.")
            .When(d => d.NullSequence is { Length: > 0 } && IsReadable(d));
    }

    private void AddRulesOfSpaces()
    {
        const string PassedOver = "Begins with a space, which skipInitialSpace passes over: use another, or leave that out.";
        RuleFor(d => d.Delimiter).Must(BeginsWithoutSpace).WithMessage(PassedOver).When(d => d.SkipInitialSpace);
        RuleFor(d => d.LineTerminator).Must(BeginsWithoutSpace).WithMessage(PassedOver).When(d => d.SkipInitialSpace);
        RuleFor(d => d.QuoteChar).Must(BeginsWithoutSpace).WithMessage(PassedOver).When(d => d.SkipInitialSpace);
        RuleFor(d => d.EscapeChar).Must(BeginsWithoutSpace).WithMessage(PassedOver).When(d => d.SkipInitialSpace);
    }

    private void AddRulesOfRows()
    {
        RuleFor(d => d.HeaderRows).Must(rows => rows.Length is >= 1 and <= HeaderRowsMax)
            .WithMessage($"Must name 1 to {HeaderRowsMax} rows; for data without names set header to false.");
        RuleFor(d => d.HeaderRows).Must(rows => rows.AsSpan().SequenceEqual(CsvDialect.FirstRow.AsSpan()))
            .WithMessage("There are no such rows where header is false: leave them out, or set it to true.")
            .When(d => !d.Header);
        RuleFor(d => d.CommentRows).Custom((rows, context) =>
        {
            CsvDialect dialect = context.InstanceToValidate;
            bool isDeclared = dialect.Header && !dialect.HasFirstRowHeader;
            int[] both = isDeclared ? [.. rows.Intersect(dialect.HeaderRows)] : [];
            int header = !dialect.Header ? 0
                : isDeclared ? dialect.HeaderRows.LastOrDefault()
                : Enumerable.Range(1, rows.Length + 1).First(row => !rows.Contains(row));
            int last = rows.LastOrDefault();
            if (both.Length > 0)
            {
                context.AddFailure($"Row {both[0]} is also one of headerRows: it is one or the other.");
            }
            else if (Enumerable.Range(header + 1, Math.Max(0, last - header)).FirstOrDefault(row => !rows.Contains(row))
                is int record and > 0)
            {
                context.AddFailure(
                    $"Row {last} stands among the records, which begin with row {record}: rows are left out by their numbers before the "
                    + "records only. Mark others by what they begin with, and declare that as commentChar.");
            }
        });
    }

    private static bool FitsMark(string text) => text.Length > 0 && Encoding.UTF8.GetByteCount(text) <= MarkBytesMax;

    private static bool HasLineEnd(string text) => text.AsSpan().ContainsAny('\r', '\n');

    private static bool IsCharacter(string text) =>
        text.Length > 0 && Rune.TryGetRuneAt(text, 0, out Rune only) && only.Utf16SequenceLength == text.Length
        && !HasLineEnd(text) && text != "\t";

    private static bool BeginsWithoutSpace(string? text) => text is not [' ', ..];

    private static bool AreNested(string one, string other) =>
        one.Contains(other, StringComparison.Ordinal) || other.Contains(one, StringComparison.Ordinal);

    private static bool IsIn(CsvDialect dialect, string character) =>
        character.Length > 0
        && (dialect.Delimiter.Contains(character, StringComparison.Ordinal)
            || dialect.LineTerminator?.Contains(character, StringComparison.Ordinal) == true);

    private static bool BeginsARecord(CsvDialect dialect, string comment) =>
        HasStart(comment, dialect.QuoteChar) || HasStart(comment, dialect.EscapeChar)
        || HasStart(comment, dialect.Delimiter) || HasStart(dialect.Delimiter, comment)
        || (dialect.EndsAtAnyLineEnd ? HasLineEnd(comment) : AreNested(comment, dialect.LineTerminator!));

    private static bool HasStart(string text, string? start) =>
        start is { Length: > 0 } && text.StartsWith(start, StringComparison.Ordinal);

    private static bool IsReadable(CsvDialect dialect) =>
        FitsMark(dialect.Delimiter) && dialect.LineTerminator is not { Length: 0 }
        && !dialect.NullSequence!.Contains('\0', StringComparison.Ordinal);

    /// <summary>Whether a record of nothing but the null sequence has one field, and that no value.</summary>
    private static bool IsFound(CsvDialect dialect, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        var fields = new RecordValue[1];
        CsvSyntax syntax = new(dialect);
        return CsvHeader.TryReadFirst(bytes, dialect, syntax, bytes.Length, skipBlankLines: true, fields, out CsvRecord record)
            && record is { FieldCount: 1, Fault: Core.Rules.RecordErrorCode.None }
            && record.Length == bytes.Length && fields[0].Kind == ValueKind.Null;
    }
}

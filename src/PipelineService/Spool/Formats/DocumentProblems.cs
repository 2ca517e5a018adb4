using System.Globalization;
using System.Text;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;
using PipelineService.Hosting;
using PipelineService.Hosting.Http;

namespace PipelineService.Spool.Formats;

/// <summary>Why a document as a whole cannot be loaded, or not to its end.</summary>
internal static class DocumentProblems
{
    /// <summary>It is not written so that its records could be told apart.</summary>
    /// <param name="kind">What is wrong.</param>
    /// <param name="offset">Where in the upload.</param>
    /// <param name="line">On which of its lines, from 1 on.</param>
    /// <param name="records">Records that come before.</param>
    /// <param name="found">What stands there.</param>
    public static Problem Malformed(FramingFaultKind kind, long offset, long line, long records, ReadOnlySpan<byte> found)
    {
        string place = string.Create(
            CultureInfo.InvariantCulture, $"at byte {offset} (line {line}), behind {records} record{(records == 1 ? "" : "s")}");
        string shown = Shown(found);
        return new()
        {
            Code = "malformed_document",
            Status = StatusCodes.Status422UnprocessableEntity,
            Title = "The document is not well-formed.",
            Detail = kind switch
            {
                FramingFaultKind.Truncated =>
                    $"The document ends {place}, before it is closed: it is truncated, or a quotation mark or bracket is missing in it.",
                FramingFaultKind.MissingComma =>
                    $"A comma or the closing bracket is expected {place}, and {shown} stands there. One record a line, without "
                    + "brackets and commas, is application/x-ndjson.",
                FramingFaultKind.MissingRecord =>
                    $"A record is expected {place}, and {shown} stands there: take the comma away that nothing follows.",
                FramingFaultKind.BrokenBracket =>
                    $"The bracket {shown} {place} closes what another kind of bracket has opened, so nobody knows where the record ends.",
                FramingFaultKind.MalformedHead =>
                    $"What comes before the records is not well-formed {place}, where {shown} stands.",
                FramingFaultKind.RepeatedProperty =>
                    $"The name of dialect.property comes once more {place}: its records would be lost. Give the document one of them.",
                FramingFaultKind.TokenTooLong =>
                    $"A name or a value {place} is longer than a record may be (Spool:RecordBytesMax).",
                _ => $"What follows the records is not well-formed {place}, where {shown} stands. Send one document an upload; for several "
                    + "use application/x-ndjson, one a line.",
            },
        };
    }

    /// <summary>Where its records should be is something else.</summary>
    public static JobFaultException Mismatch(string detail) => new(new Problem
    {
        Code = "document_mismatch",
        Status = StatusCodes.Status422UnprocessableEntity,
        Title = "The document does not have its records where the definition says.",
        Detail = detail,
    });

    /// <summary>One character: what is data is not told.</summary>
    private static string Shown(ReadOnlySpan<byte> found) =>
        found.IsEmpty || Rune.DecodeFromUtf8(found, out Rune first, out _) != System.Buffers.OperationStatus.Done
            ? "something else"
            : $"\"{Excerpt.Of(first.ToString())}\"";
}

using System.Buffers;
using System.IO.Pipelines;
using Microsoft.Net.Http.Headers;
using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Rules;
using PipelineService.Hosting.Http;

namespace PipelineService.Intake;

/// <summary>
/// Looks at the first bytes of a body whose Content-Type says nothing, or nothing that can be loaded, without taking them. What cannot be of
/// the dataset's format, whatever follows, is refused at once with the header to send; what may be is read as that.
/// </summary>
internal static class BodyLook
{
    private const int BytesLooked = 1 << 10;

    private const string Unsupported = "unsupported_media_type";

    /// <summary>A refusal of a media type, with what the body most likely is.</summary>
    public static async ValueTask<UploadRefusedException> ExplainAsync(
        UploadRefusedException refusal, HttpRequest request, CancellationToken cancellationToken)
    {
        if (refusal.Problem.Code != Unsupported || request.Headers.ContentEncoding.Count > 0)
        {
            return refusal;
        }

        byte[] first = await BeginAsync(request, cancellationToken);
        string? found = ForeignContent.SentenceOf(first)
            ?? (TypeOf(first) is { } type ? $"The body begins as {type} does: if it is, send it with -H 'Content-Type: {type}'." : null);
        string told = string.Join(" ", ((string?[])[refusal.Problem.Detail, found, OfName(request)]).OfType<string>());
        return new UploadRefusedException(refusal.Problem with { Detail = told });
    }

    /// <summary>Refuses what was sent without a type and is none of the dataset's format.</summary>
    /// <exception cref="UploadRefusedException">It is not.</exception>
    public static async ValueTask RefuseOtherAsync(
        HttpRequest request, UploadRequest upload, DatasetDefinition dataset, CancellationToken cancellationToken)
    {
        bool isSilent = string.IsNullOrEmpty(request.ContentType)
            || request.ContentType.StartsWith("application/octet-stream", StringComparison.OrdinalIgnoreCase);
        if (!isSilent || !upload.Codings.IsEmpty || upload.Compression != FileCompression.None)
        {
            return;
        }

        byte[] first = await BeginAsync(request, cancellationToken);
        string? fault = first.Length == 0 ? null : FaultOf(first, upload, dataset);
        if (fault is not null)
        {
            Problem problem = UploadProblems.OtherContent(string.Join(" ", ((string?[])[fault, OfName(request)]).OfType<string>()));
            throw new UploadRefusedException(problem);
        }
    }

    /// <summary>The media type of data that begins so; null when it is no text.</summary>
    internal static string? TypeOf(ReadOnlySpan<byte> first)
    {
        ReadOnlySpan<byte> text = first[ByteOrderMark.LengthIn(first)..].TrimStart(" \t\r\n"u8);
        int line = text.IndexOfAny((byte)'\r', (byte)'\n');
        ReadOnlySpan<byte> header = line < 0 ? text : text[..line];
        return text.IsEmpty || text.Contains((byte)0) ? null
            : text[0] == (byte)'[' ? MediaTypeOf(DataFormat.Json)
            : text[0] == (byte)'{' ? MediaTypeOf(JsonObjects.AreSeveral(text) ? DataFormat.Ndjson : DataFormat.Json)
            : text[0] == TextScanner.Separator ? MediaTypeOf(DataFormat.JsonSequence)
            : text[0] == (byte)'<' ? null
            : header.Contains((byte)'\t') && !header.ContainsAny((byte)',', (byte)';') ? "text/tab-separated-values"
            : MediaTypeOf(DataFormat.Csv);
    }

    /// <summary>Why the data cannot be of the format that it would be read as; null when it can.</summary>
    private static string? FaultOf(ReadOnlySpan<byte> first, UploadRequest upload, DatasetDefinition dataset)
    {
        if (FormatTable.Of(upload.Kind.Format) is { IsConverted: true } file)
        {
            return FaultOfFile(first, file);
        }

        if (ForeignContent.SentenceOf(first, upload.Encoding) is string sentence)
        {
            return sentence;
        }

        if (!upload.Encoding.IsUtf8 || TypeOf(first) is not string type || FormatTable.Of(type) is not { } row || row.Form.Format == dataset.Format)
        {
            return null;
        }

        bool cannotBe = dataset.Format switch
        {
            DataFormat.Json => !row.IsJson,
            DataFormat.JsonSequence => true,
            DataFormat.Csv => row.IsJson && !MayBeHeader(first, dataset),
            _ => false, // a line that is malformed costs a record
        };
        return cannotBe
            ? $"The body begins as {type} does, and the dataset's format is {FormatTable.Of(dataset.Format).MediaType}: send it with "
                + $"-H 'Content-Type: {type}', or set the dataset's \"format\"."
            : null;
    }

    /// <summary>The same of a file that is converted, which begins with its signature.</summary>
    private static string? FaultOfFile(ReadOnlySpan<byte> first, FormatRow file)
    {
        bool isIt = file.Form.Format switch
        {
            DataFormat.Parquet => first.StartsWith("PAR1"u8) || first.StartsWith("PARE"u8), // the second is encrypted: told by whoever reads it
            DataFormat.Arrow => first.StartsWith("ARROW1"u8) || first.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFF, 0xFF, 0xFF]),
            _ => first.StartsWith("PK\u0003\u0004"u8),
        };
        return isIt ? null
            : ForeignContent.SentenceOf(first)
            ?? (TypeOf(first) is { } type
                ? $"The body begins as {type} does, and the dataset's format is {file.MediaType}: send it with -H 'Content-Type: {type}'."
                : null);
    }

    /// <summary>Whether the first name of a header may begin as JSON does.</summary>
    private static bool MayBeHeader(ReadOnlySpan<byte> first, DatasetDefinition dataset)
    {
        char begin = (char)first[ByteOrderMark.LengthIn(first)..].TrimStart(" \t\r\n"u8)[0];
        TableSchema schema = dataset.Schema;
        return !dataset.Dialect.Header || !dataset.Dialect.HasPlainHeader || dataset.Dialect.CommentChar is not null
            || schema.FieldsMatch is FieldsMatch.Subset or FieldsMatch.Partial || schema.Rest is not null
            || dataset.Dialect.QuoteChar == begin.ToString()
            || schema.FieldsInData.Any(field => field.NameInData.TrimStart().StartsWith(begin));
    }

    /// <summary>What the name of the file says, where one was sent.</summary>
    private static string? OfName(HttpRequest request)
    {
        if (!ContentDispositionHeaderValue.TryParse(request.Headers.ContentDisposition.ToString(), out ContentDispositionHeaderValue? sent)
            || (sent.FileNameStar.Value ?? sent.FileName.Value)?.Trim('"') is not { Length: > 0 } name)
        {
            return null;
        }

        FormatRow? row = FormatTable.Rows.FirstOrDefault(format => format.Extensions.Any(
            extension => name.EndsWith(extension, StringComparison.OrdinalIgnoreCase)));
        return row is null ? null : $"Its name, '{Excerpt.Of(name)}', says {row.MediaType}.";
    }

    private static string MediaTypeOf(DataFormat format) => FormatTable.Of(format).MediaType;

    private static async ValueTask<byte[]> BeginAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        try
        {
            ReadResult read = await request.BodyReader.ReadAsync(cancellationToken);
            byte[] first = read.Buffer.Slice(0, Math.Min(read.Buffer.Length, BytesLooked)).ToArray();
            request.BodyReader.AdvanceTo(read.Buffer.Start);
            return first;
        }
        catch (IOException)
        {
            return []; // who receives the body meets it again, and says what it is
        }
    }
}

using System.Text;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using PipelineService.Core.Rules;

namespace PipelineService.Intake.Forms;

/// <summary>One part of a form.</summary>
/// <param name="Name">Of the field.</param>
/// <param name="FileName">Null of a field that is no file.</param>
internal sealed record FormPart(string Name, string? FileName, string? ContentType, Stream Body);

/// <summary>
/// Reads a form part by part as it comes (RFC 7578), whatever is in it held to bounds. What its parts say of themselves is shown in messages, and
/// used for nothing else.
/// </summary>
internal sealed class FormReader
{
    public const string MediaType = "multipart/form-data";

    private const int BoundaryLengthMax = 70; // RFC 2046, 5.1.1
    private const int HeadersMax = 8;
    private const int HeaderBytesMax = 4096;
    private const int FieldBytesMax = 1024;

    private readonly BodyReceiver _receiver;
    private readonly MultipartReader _reader;
    private int _parts;

    /// <exception cref="UploadRefusedException">The type names no boundary that could be.</exception>
    public FormReader(HttpRequest request, BodyReceiver receiver)
    {
        string boundary = MediaTypeHeaderValue.TryParse(request.ContentType, out MediaTypeHeaderValue? type)
            ? HeaderUtilities.RemoveQuotes(type.Boundary).ToString()
            : "";
        if (boundary.Length is 0 or > BoundaryLengthMax || boundary.Any(c => c is < ' ' or > '~'))
        {
            throw Malformed($"Its Content-Type has no boundary of 1 to {BoundaryLengthMax} characters: let curl -F or the browser write the header.");
        }

        _receiver = receiver;
        _reader = new MultipartReader(boundary, request.Body) { HeadersCountLimit = HeadersMax, HeadersLengthLimit = HeaderBytesMax };
    }

    /// <summary>Whether a request is a form.</summary>
    public static bool IsForm(HttpRequest request) =>
        request.ContentType?.StartsWith(MediaType, StringComparison.OrdinalIgnoreCase) == true
        && (request.ContentType.Length == MediaType.Length || request.ContentType[MediaType.Length] is ';' or ' ' or '\t');

    /// <summary>The next part; null at the end. What was not read of the one before is passed over.</summary>
    /// <exception cref="UploadRefusedException">The form is not written as one.</exception>
    public async Task<FormPart?> NextAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (await _reader.ReadNextSectionAsync(cancellationToken) is not { } section)
            {
                return null;
            }

            _parts++;
            return Of(section);
        }
        catch (InvalidDataException e)
        {
            throw Malformed($"Part {_parts + 1} goes beyond a bound: {e.Message.TrimEnd('.')}.");
        }
        catch (IOException e) when (e is not BadHttpRequestException && e.InnerException is null)
        {
            throw Malformed($"It ends in part {_parts}, before the boundary that closes it.");
        }
        catch (Exception e) when (_receiver.RefusalOf(e, received: 0) is { } refusal)
        {
            throw refusal;
        }
    }

    /// <summary>The text of a field.</summary>
    /// <inheritdoc cref="NextAsync" path="/exception"/>
    public async Task<string> ReadTextAsync(FormPart field, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[FieldBytesMax + 1];
        try
        {
            int length = await field.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
            return length <= FieldBytesMax
                ? Encoding.UTF8.GetString(buffer, 0, length)
                : throw Malformed($"The field '{Excerpt.Of(field.Name)}' is longer than {FieldBytesMax} bytes.");
        }
        catch (IOException e) when (e is not BadHttpRequestException && e.InnerException is null)
        {
            throw Malformed($"It ends in part {_parts}, before the boundary that closes it.");
        }
        catch (Exception e) when (_receiver.RefusalOf(e, received: 0) is { } refusal)
        {
            throw refusal;
        }
    }

    public static UploadRefusedException Malformed(string detail) => new(UploadProblems.MalformedForm(detail));

    private FormPart Of(MultipartSection section)
    {
        if (!ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out ContentDispositionHeaderValue? disposition)
            || !disposition.DispositionType.Equals("form-data", StringComparison.OrdinalIgnoreCase)
            || HeaderUtilities.RemoveQuotes(disposition.Name).Length == 0)
        {
            throw Malformed($"Part {_parts} has no Content-Disposition: form-data with a name.");
        }

        if (section.ContentType?.TrimStart().StartsWith("multipart/", StringComparison.OrdinalIgnoreCase) == true)
        {
            throw Malformed($"Part {_parts} is a form itself: give each file a part of its own.");
        }

        foreach (string header in (string[])[HeaderNames.ContentEncoding, "Content-Transfer-Encoding"])
        {
            string value = section.Headers?.TryGetValue(header, out Microsoft.Extensions.Primitives.StringValues values) == true ? values.ToString() : "";
            if (value.Length > 0 && value.ToLowerInvariant() is not ("binary" or "8bit" or "7bit" or "identity"))
            {
                throw Malformed($"Part {_parts} has {header}: {Excerpt.Of(value)}, which is not undone in a form.");
            }
        }

        bool isFile = disposition.FileName.HasValue || disposition.FileNameStar.HasValue;
        string file = disposition.FileNameStar.HasValue
            ? disposition.FileNameStar.ToString()
            : HeaderUtilities.UnescapeAsQuotedString(disposition.FileName).ToString();
        return new FormPart(HeaderUtilities.RemoveQuotes(disposition.Name).ToString(), isFile ? file : null, section.ContentType, section.Body);
    }
}

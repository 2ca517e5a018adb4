using Microsoft.Net.Http.Headers;
using PipelineService.Core.Datasets;

namespace PipelineService.Intake;

/// <summary>
/// The encoding of an upload's text: that of the dataset. Beside UTF-8, which is also what nobody has declared, the charset of the
/// Content-Type decides for the upload; beside another encoding it must say the same, because many clients add one that they know nothing of.
/// </summary>
/// <remarks>
/// JSON is Unicode (RFC 8259, 8.1; RFC 4627, 3): an encoding of the dataset that is not is that of its delimited text.
/// </remarks>
internal static class UploadCharset
{
    /// <param name="contentType">The header's value; null without one.</param>
    /// <param name="kind">How the records are written.</param>
    /// <exception cref="UploadRefusedException">The charset is not known, or contradicts the dataset.</exception>
    public static TextEncoding Of(string? contentType, UploadForm kind, DatasetDefinition dataset)
    {
        bool mustBeUnicode = kind.Format is DataFormat.Ndjson or DataFormat.Json or DataFormat.JsonSequence;
        if (!mustBeUnicode && kind.Format != DataFormat.Csv)
        {
            return TextEncoding.Utf8; // no text
        }

        TextEncoding declared = mustBeUnicode && !dataset.Encoding.IsUnicode ? TextEncoding.Utf8 : dataset.Encoding;
        string charset = MediaTypeHeaderValue.TryParse(contentType, out MediaTypeHeaderValue? type) ? type.Charset.ToString().Trim('"') : "";
        if (charset.Length == 0)
        {
            return declared;
        }

        var said = TextEncoding.Find(charset);
        return said is null ? throw new UploadRefusedException(UploadProblems.UnsupportedCharset(charset))
            : mustBeUnicode && !said.IsUnicode ? throw new UploadRefusedException(UploadProblems.CharsetOfJson(charset))
            : declared.IsUtf8 || said == declared ? said
            : throw new UploadRefusedException(UploadProblems.OtherCharset(charset, declared));
    }
}

using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding.Text;

/// <summary>What a string may have to be: see <see cref="FieldFormats"/>.</summary>
internal enum StringFormat
{
    Any,
    Email,
    Uri,
    Binary,
    Uuid,
}

/// <summary>Whether strings are what their format says.</summary>
internal static class StringFormats
{
    public static StringFormat Of(FieldDefinition field) => field.Format switch
    {
        FieldFormats.Email => StringFormat.Email,
        FieldFormats.Uri => StringFormat.Uri,
        FieldFormats.Binary => StringFormat.Binary,
        FieldFormats.Uuid => StringFormat.Uuid,
        _ => StringFormat.Any,
    };

    /// <param name="format">The format.</param>
    /// <param name="text">Valid UTF-8.</param>
    public static RecordErrorCode Check(StringFormat format, ReadOnlySpan<byte> text)
    {
        bool isOne = format switch
        {
            StringFormat.Email => EmailText.IsAddress(text),
            StringFormat.Uri => UriText.IsUri(text),
            StringFormat.Binary => Base64Text.IsBase64(text),
            StringFormat.Uuid => UuidText.TryParse(text, stackalloc byte[UuidText.ValueBytes]),
            _ => true,
        };
        return isOne ? RecordErrorCode.None : RecordErrorCode.Format;
    }
}

using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace PipelineService.Access.Audit;

/// <summary>A place in the chain and the hash there, kept outside of the database: <c>seq:hash</c>.</summary>
public sealed record AuditAnchor(long Seq, string Hash)
{
    public static bool TryParse(string text, [NotNullWhen(true)] out AuditAnchor? anchor)
    {
        string[] parts = text.Split(':');
        bool isAnchor = parts.Length == 2
            & long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out long seq)
            && parts[1].Length == 2 * AuditHash.Bytes && parts[1].All(char.IsAsciiHexDigit);
        anchor = isAnchor ? new AuditAnchor(seq, parts[1].ToLowerInvariant()) : null;
        return isAnchor;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Seq}:{Hash}");
}

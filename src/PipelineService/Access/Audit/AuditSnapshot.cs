using System.Globalization;

namespace PipelineService.Access.Audit;

/// <summary>
/// What was visible at a time: transactions below <see cref="Next"/> that are not among those still open. PostgreSQL's
/// <c>pg_snapshot</c>, and its text. Two of them tell exactly which rows have come to be visible between them, however late some did and
/// however long others run: no order of commits is guessed, and nobody is waited for.
/// </summary>
internal sealed record AuditSnapshot(ulong Next, ulong[] Open)
{
    /// <summary>The first that an ordinary transaction can have.</summary>
    private const ulong First = 3;

    /// <summary>Nothing was visible.</summary>
    public static AuditSnapshot Nothing { get; } = new(First, []);

    /// <param name="text"><c>xmin:xmax:xip,xip…</c></param>
    public static AuditSnapshot Parse(string text)
    {
        string[] parts = text.Split(':');
        return new AuditSnapshot(
            Number(parts[1]), [.. parts[2].Split(',', StringSplitOptions.RemoveEmptyEntries).Select(Number)]);
    }

    /// <summary>What of this was visible of transactions below another.</summary>
    public AuditSnapshot Below(ulong transaction) =>
        transaction >= Next ? this : new AuditSnapshot(transaction, [.. Open.Where(open => open < transaction)]);

    public override string ToString()
    {
        ulong oldest = Open.Length > 0 ? Open.Min() : Next;
        return string.Create(CultureInfo.InvariantCulture, $"{oldest}:{Next}:{string.Join(',', Open.Order())}");
    }

    private static ulong Number(string text) => ulong.Parse(text, CultureInfo.InvariantCulture);
}

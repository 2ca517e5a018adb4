namespace PipelineService.Core.Parsing.Json;

/// <summary>
/// Which name is expected after which: at first as the schema has them, then as the last record had them in which the one before
/// occurred. One program mostly writes one order, whatever that of the schema is.
/// </summary>
internal readonly ref struct MemberOrder
{
    /// <summary>Stands for the beginning of the object, before the first name.</summary>
    public const int None = -1;

    private readonly Span<int> _following;

    /// <param name="following">Room for one more than there are names.</param>
    public MemberOrder(Span<int> following)
    {
        _following = following;
        for (int slot = 0; slot < following.Length - 1; slot++)
        {
            following[slot] = slot;
        }

        following[^1] = JsonFieldNames.Unknown;
    }

    /// <summary>The slot of the name that is expected after another, or <see cref="JsonFieldNames.Unknown"/>.</summary>
    public int After(int slot) => _following[slot + 1];

    /// <summary>A name has followed another.</summary>
    public void Learn(int slot, int following) => _following[slot + 1] = following;
}

namespace PipelineService.Core.Parsing.Json;

/// <summary>Where a document stands in a chunk that has records among its items.</summary>
/// <param name="Start">Where it begins.</param>
/// <param name="End">Where it ends.</param>
/// <param name="Items">Where the array of the items begins: at its bracket.</param>
/// <param name="ItemsEnd">Where that ends: behind its bracket.</param>
/// <param name="FirstRecord">0-based index, in the chunk, of its first item.</param>
public readonly record struct JsonDocumentPlace(int Start, int End, int Items, int ItemsEnd, int FirstRecord);

/// <summary>The documents of a chunk in their order, to find the one that a record comes from.</summary>
public sealed class JsonDocumentItems
{
    /// <summary>Bytes of a document beside its items that are shown with each of them.</summary>
    public const int SharedBytesMax = 16 << 10;

    private readonly List<JsonDocumentPlace> _documents = [];

    /// <summary>Whether records are items of documents, and there are any.</summary>
    public bool Any => _documents.Count > 0;

    internal void Clear() => _documents.Clear();

    internal void Add(JsonDocumentPlace document) => _documents.Add(document);

    /// <summary>The document that has a record among its items.</summary>
    /// <param name="start">Where the record begins in the chunk.</param>
    /// <param name="document">Null when it is none of an item, but a document as a whole.</param>
    public bool TryFind(int start, out JsonDocumentPlace document)
    {
        int low = 0;
        int high = _documents.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_documents[middle].Start <= start)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        document = low == 0 ? default : _documents[low - 1];
        return low > 0 && start > document.Items && start < document.ItemsEnd;
    }

    /// <summary>Makes a document of one item: what stands around the items, with the others cut out.</summary>
    /// <param name="chunk">The bytes of the chunk.</param>
    /// <param name="document">The document.</param>
    /// <param name="start">Where the item begins.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="buffer">Takes it; made longer when it must be.</param>
    /// <param name="written">Bytes of it.</param>
    /// <returns>False when so much stands around that only the item is taken.</returns>
    public static bool Compose(
        ReadOnlySpan<byte> chunk, in JsonDocumentPlace document, int start, int length, ref byte[] buffer, out int written)
    {
        int before = document.Items + 1 - document.Start;
        int behind = document.End - document.ItemsEnd + 1;
        bool isWhole = before + behind <= SharedBytesMax;
        (before, behind) = isWhole ? (before, behind) : (0, 0);
        written = before + length + behind;
        if (buffer.Length < written)
        {
            buffer = new byte[Math.Max(written, buffer.Length * 2)];
        }

        chunk.Slice(document.Start, before).CopyTo(buffer);
        chunk.Slice(start, length).CopyTo(buffer.AsSpan(before));
        chunk.Slice(document.ItemsEnd - 1, behind).CopyTo(buffer.AsSpan(before + length));
        return isWhole;
    }
}

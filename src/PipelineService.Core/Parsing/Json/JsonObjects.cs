using PipelineService.Core.Datasets;

namespace PipelineService.Core.Parsing.Json;

/// <summary>What reads records that are JSON objects: each a document, or an item of one.</summary>
public static class JsonObjects
{
    /// <summary>The reader of a dataset's records.</summary>
    /// <param name="definition">The dataset.</param>
    /// <param name="framing">What stands between documents.</param>
    public static RecordReader ReaderOf(DatasetDefinition definition, JsonFraming framing)
    {
        JsonItems items = definition.Items;
        return items.Path is null
            ? new NdjsonRecordReader(definition.Schema, items.Keys, framing)
            : new ItemRecordReader(definition.Schema, items.Names, items.Keys, framing);
    }

    /// <summary>Whether an object is followed by another, as on lines.</summary>
    /// <param name="bytes">Begin with its brace.</param>
    public static bool AreSeveral(ReadOnlySpan<byte> bytes)
    {
        int end = new JsonBalance((byte)'{').EndIn(bytes, 0);
        return end > 0 && bytes[end..].TrimStart(" \t\r\n"u8) is [(byte)'{', ..];
    }

    /// <summary>The scanner that agrees with a reader.</summary>
    /// <param name="reader">From <see cref="ReaderOf"/>.</param>
    /// <param name="documents">Finds where documents end.</param>
    public static RecordScanner ScannerOf(RecordReader reader, RecordScanner documents) =>
        reader is ItemRecordReader items ? new ItemScanner(documents, items) : documents;
}

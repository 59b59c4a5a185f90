"""Text for people: styled lines, foldable documents, and the words for what happened."""
